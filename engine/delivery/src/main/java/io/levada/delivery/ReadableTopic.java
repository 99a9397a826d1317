package io.levada.delivery;

import java.util.UUID;

/** A topic whose partitions are attached to delivery, as readers find it. */
public interface ReadableTopic {
    String name();

    /** What a topic of the same name created later does not share. */
    UUID id();

    int partitionCount();

    /** Of a partition, 0 to one below {@link #partitionCount}. */
    Feed feed(int partition);
}
