package io.levada;

/** A log for callers that block. Safe for any thread, except Reactor's own non-blocking ones. */
public final class BlockingLevada {
    private final Levada levada;

    BlockingLevada(Levada levada) {
        this.levada = levada;
    }

    @Override
    public String toString() {
        return levada.address();
    }
}
