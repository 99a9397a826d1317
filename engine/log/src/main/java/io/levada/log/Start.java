package io.levada.log;

/**
 * What opening a store came to. Immutable.
 *
 * @param clean whether it had been closed, or was new, so that nothing had to be recovered
 * @param recovered partitions whose files recovery has changed; the journal may have held nothing that segments lacked
 */
public record Start(boolean clean, int recovered) {}
