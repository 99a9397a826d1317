package io.levada;

/** A log as {@link java.util.concurrent.Flow} publishers. Safe for any thread. */
public final class FlowLevada {
    private final Levada levada;

    FlowLevada(Levada levada) {
        this.levada = levada;
    }

    @Override
    public String toString() {
        return levada.address();
    }
}
