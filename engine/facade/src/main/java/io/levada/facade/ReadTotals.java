package io.levada.facade;

/**
 * What an engine has done for all its readers since it began. Immutable.
 *
 * @param storageReads blocks read from storage; one for all readers who are near each other, none for those at the end
 * @param storageReadBytes bytes of them
 * @param inflatedBatches compressed batches inflated to be cut, filtered, or given to one who does not accept their codec; one for all readers who are near
 */
public record ReadTotals(long storageReads, long storageReadBytes, long inflatedBatches) {
    /** Of an engine that has no storage of its own. */
    public static final ReadTotals NONE = new ReadTotals(0, 0, 0);
}
