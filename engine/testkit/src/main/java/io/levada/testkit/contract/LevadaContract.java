package io.levada.testkit.contract;

/**
 * What every engine does, whatever its address: a test class that implements this and {@code open} runs all of it.
 *
 * <p>Tests share a log where they can, with topics and groups of their own, and open another where they must. The whole
 * contract takes some seconds.
 */
public interface LevadaContract extends TopicContract, PublishContract, ReadContract, GroupContract, ViewContract {}
