package io.levada.log;

import io.levada.env.Env;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** A directory of topics, opened by one process at a time. Safe for any thread. */
@SuppressWarnings("DoNotCallSuggester") // bodies follow at once
public final class LogStore implements AutoCloseable {
    private LogStore() {}

    /**
     * Opens the store at the root of a disk, made if there is none, and recovers what was durable; blocks.
     *
     * @throws io.levada.LevadaException INVALID_REQUEST when the directory is in use; UNSUPPORTED_VERSION when a newer
     *     format wrote it; CORRUPT_MESSAGE when what was durable is missing or damaged; STORAGE_FAILED, STORAGE_FULL
     */
    public static LogStore open(Env env, LogConfig config) {
        throw new UnsupportedOperationException();
    }

    /** The incarnation of this log: another directory, or one made anew, has another. */
    public UUID logId() {
        throw new UnsupportedOperationException();
    }

    /** All topics, by name. */
    public List<Topic> topics() {
        throw new UnsupportedOperationException();
    }

    public @Nullable Topic topic(String name) {
        throw new UnsupportedOperationException();
    }

    /**
     * Makes a topic, durable on return; blocks on the disk.
     *
     * @param config settings by name; those of the log are checked here, others kept as they are
     * @throws io.levada.LevadaException TOPIC_ALREADY_EXISTS, INVALID_TOPIC_EXCEPTION, INVALID_PARTITIONS,
     *     INVALID_CONFIG, STORAGE_FAILED, STORAGE_FULL
     */
    public Topic createTopic(String name, int partitions, Map<String, String> config) {
        throw new UnsupportedOperationException();
    }

    /**
     * Deletes a topic, durable on return; blocks on the disk. Its waiting appends and later reads fail with
     * UNKNOWN_TOPIC_OR_PARTITION.
     *
     * @throws io.levada.LevadaException UNKNOWN_TOPIC_OR_PARTITION, STORAGE_FAILED, STORAGE_FULL
     */
    public void deleteTopic(String name) {
        throw new UnsupportedOperationException();
    }

    /**
     * Makes everything appended durable, checkpoints, and gives the directory free; blocks. Later appends and reads fail
     * with GOING_AWAY. The environment's scheduler stays open.
     */
    @Override
    public void close() {
        throw new UnsupportedOperationException();
    }
}
