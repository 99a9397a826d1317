package io.levada.groups;

/**
 * Who owns a partition.
 *
 * @param member the owner's id
 * @param handle the owner's number for this assignment; no other assignment of the group has it, ever
 * @param generation the group's generation in which it was assigned
 * @param revokedAtMs when it is taken away unless handed over before, or {@link #KEPT}
 */
public record Ownership(String member, int handle, long generation, long revokedAtMs) {
    public static final long KEPT = -1;

    /** Whether its owner was asked to hand it over. */
    public boolean revoking() {
        return revokedAtMs != KEPT;
    }

    Ownership revokedAt(long ms) {
        return new Ownership(member, handle, generation, ms);
    }
}
