package io.levada.rest;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import java.time.Duration;

/**
 * What claims may cost; what goes beyond is refused with {@link ErrorCode#THROTTLED}. Immutable; every limit with its default
 * and its reason.
 *
 * @param groups most memberships at once; default 1,000, since each is a member of a group and reads for itself
 * @param openPerGroup most claims of a membership whose lease runs; default 10,000
 * @param open the same for all together; default 100,000
 * @param waitingPerGroup most claims of a membership that wait for records; default 1,000
 * @param waiting the same for all together; default 10,000, as each is a request that is not answered
 * @param recordsPerGroup most records that a membership remembers: those claimed, those given back, and the places of those
 *     acknowledged behind one that is not; default 100,000
 * @param bytesPerGroup most bytes of records of one membership in memory, claimed or given back; default 64 MiB
 * @param bytes the same for all together; default an eighth of the heap, 64 MiB at least
 * @param ended how many claims that have ended are known by how; default 100,000: long enough for repeating what had no
 *     answer
 * @param idle how long a membership outlives its last claim; default 60 s: joining anew costs everybody in the group a
 *     hand-over
 */
record ClaimLimits(
        int groups,
        int openPerGroup,
        int open,
        int waitingPerGroup,
        int waiting,
        int recordsPerGroup,
        long bytesPerGroup,
        long bytes,
        int ended,
        Duration idle) {
    private static final long MIN_BYTES = 64 << 20;

    ClaimLimits {
        require(
                Math.min(
                                Math.min(Math.min(groups, openPerGroup), Math.min(open, waitingPerGroup)),
                                Math.min(Math.min(waiting, recordsPerGroup), Math.min(ended, bytesPerGroup)))
                        >= 1,
                "each at least 1");
        require(bytes >= bytesPerGroup, "bytes: at least bytesPerGroup");
        require(!idle.isNegative() && !idle.isZero(), "idle: above zero");
    }

    static ClaimLimits defaults() {
        return new ClaimLimits(
                1_000,
                10_000,
                100_000,
                1_000,
                10_000,
                100_000,
                MIN_BYTES,
                Math.max(MIN_BYTES, Runtime.getRuntime().maxMemory() / 8),
                100_000,
                Duration.ofSeconds(60));
    }

    private static void require(boolean holds, String what) {
        if (!holds) {
            throw new LevadaException(ErrorCode.INVALID_REQUEST, "limits of claims: " + what);
        }
    }
}
