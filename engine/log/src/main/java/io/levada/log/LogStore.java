package io.levada.log;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.TopicSpec;
import io.levada.env.Disk;
import io.levada.env.Disk.DiskLock;
import io.levada.env.DiskFullException;
import io.levada.env.DiskInUseException;
import io.levada.env.Env;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/** A directory of topics, opened by one process at a time. Safe for any thread. */
public final class LogStore implements AutoCloseable {
    private static final int LOG_ID_BYTES = 16;

    private final Env env;
    private final LogConfig config;
    private final DiskLock lock;
    private final UUID logId;
    private final CheckedPair catalogs;
    private final Maintenance maintenance;
    private final Start start;
    private final ConcurrentSkipListMap<String, Topic> topics = new ConcurrentSkipListMap<>();
    private final AtomicBoolean closing = new AtomicBoolean();

    /** The maintenance loop's own. */
    private Catalog catalog;

    private LogStore(
            Env env,
            LogConfig config,
            DiskLock lock,
            UUID logId,
            CheckedPair catalogs,
            Catalog catalog,
            Maintenance maintenance,
            Start start)
            throws IOException {
        this.env = env;
        this.config = config;
        this.lock = lock;
        this.logId = logId;
        this.catalogs = catalogs;
        this.catalog = catalog;
        this.maintenance = maintenance;
        this.start = start;
        for (Catalog.Entry entry : catalog.topics()) {
            topics.put(entry.name(), open(entry));
        }
        maintenance.start();
    }

    private Topic open(Catalog.Entry entry) throws IOException {
        return new Topic(entry.id(), entry.name(), maintenance.openPartitions(entry), entry.config());
    }

    /**
     * Opens the store at the root of a disk, made if there is none, and recovers what was durable; blocks.
     *
     * @throws LevadaException INVALID_REQUEST when the directory is in use; UNSUPPORTED_VERSION when a newer format wrote
     *     it; CORRUPT_MESSAGE when what was durable is missing or damaged; STORAGE_FAILED, STORAGE_FULL
     */
    public static LogStore open(Env env, LogConfig config) {
        try {
            CheckedFile.read(env.disk(), Layout.STORE, CheckedFile.STORE_MAGIC); // refuses other formats untouched
            DiskLock lock = env.disk().lock(Layout.LOCK);
            boolean opened = false;
            try {
                LogStore store = openInSpiteOfFull(env, config, lock);
                opened = true;
                return store;
            } finally {
                if (!opened) {
                    lock.close();
                }
            }
        } catch (DiskInUseException e) {
            throw new LevadaException(
                    ErrorCode.INVALID_REQUEST, e.getMessage() + "; end that one first, or choose another directory", e);
        } catch (IOException e) {
            throw Failures.storage("opening the log", e);
        }
    }

    private static LogStore openInSpiteOfFull(Env env, LogConfig config, DiskLock lock) throws IOException {
        try {
            return open(env, config, lock);
        } catch (DiskFullException e) {
            Reserve.release(env.disk());
            return open(env, config, lock);
        }
    }

    private static LogStore open(Env env, LogConfig config, DiskLock lock) throws IOException {
        Disk disk = env.disk();
        if (!disk.exists(Layout.STORE)) {
            create(env);
        }
        forceNames(disk);
        CheckedFile store = CheckedFile.read(disk, Layout.STORE, CheckedFile.STORE_MAGIC);
        if (store == null || store.body().remaining() < LOG_ID_BYTES) {
            throw Failures.corrupt("the file " + Layout.STORE + " of " + disk + " is damaged; nothing was changed");
        }
        UUID logId = new UUID(store.body().getLong(0), store.body().getLong(8));
        CheckedPair catalogs = new CheckedPair(disk, Layout.CATALOG, CheckedFile.CATALOG_MAGIC, logId);
        CheckedPair checkpoints = new CheckedPair(disk, Layout.CHECKPOINT, CheckedFile.CHECKPOINT_MAGIC, logId);
        Catalog catalog = Catalog.decode(require(catalogs.read(true), Layout.CATALOG, disk));
        ByteBuffer known = checkpoints.read(true);
        Checkpoint checkpoint =
                known == null ? Checkpoint.empty(new LogTime.Mark(0, env.clock().wallMs())) : Checkpoint.decode(known);
        LogTime time = LogTime.goingOn(env.clock(), checkpoint.time());
        Recovery recovery = new Recovery(disk, config, logId, catalog, checkpoints, time);
        Checkpoint recovered = known == null ? recovery.salvage() : recovery.run(checkpoint);
        Maintenance maintenance = new Maintenance(
                disk,
                env.clock(),
                config,
                env.scheduler(),
                time,
                logId,
                checkpoints,
                recovered,
                recovery.journalFiles());
        if (recovery.hasChanged()) {
            maintenance.afterCrash();
        }
        LogStore opened = new LogStore(env, config, lock, logId, catalogs, catalog, maintenance, recovery.start());
        env.scheduler().await(maintenance.call(() -> {
            maintenance.reserve().open();
            return opened;
        }));
        return opened;
    }

    /** What is found may be what another process did not come to force, or failed to. */
    private static void forceNames(Disk disk) throws IOException {
        disk.forceDirectory("");
        disk.forceDirectory(Layout.JOURNAL);
    }

    private static ByteBuffer require(@Nullable ByteBuffer body, String path, Disk disk) {
        if (body == null) {
            throw Failures.corrupt("both copies of " + path + " of " + disk
                    + " are missing, damaged or another log's; bring one back from a backup. Nothing was changed");
        }
        return body;
    }

    /** Makes an empty store. The file that says what it is comes last, so that a crash in between starts over. */
    private static void create(Env env) throws IOException {
        Disk disk = env.disk();
        ByteBuffer old = new CheckedPair(disk, Layout.CATALOG, CheckedFile.CATALOG_MAGIC, null).read(false);
        boolean used = (old != null && !Catalog.decode(old).topics().isEmpty())
                || !disk.list(Layout.TOPICS).isEmpty();
        if (used) {
            throw Failures.corrupt("the file " + Layout.STORE + " of " + disk
                    + " is missing, though there are topics; bring it back from a backup. Nothing was changed");
        }
        disk.makeDirectory(Layout.JOURNAL);
        disk.makeDirectory(Layout.TOPICS);
        UUID logId = env.randomness().nextUuid();
        Checkpoint nothing = Checkpoint.empty(new LogTime.Mark(0, env.clock().wallMs()));
        new CheckedPair(disk, Layout.CATALOG, CheckedFile.CATALOG_MAGIC, logId).write(Catalog.EMPTY.encode());
        new CheckedPair(disk, Layout.CHECKPOINT, CheckedFile.CHECKPOINT_MAGIC, logId).write(nothing.encode());
        ByteBuffer body = ByteBuffer.allocate(LOG_ID_BYTES)
                .putLong(logId.getMostSignificantBits())
                .putLong(logId.getLeastSignificantBits());
        CheckedFile.write(disk, Layout.STORE, CheckedFile.STORE_MAGIC, 1, body.flip());
    }

    /** The incarnation of this log: another directory, or one made anew, has another. */
    public UUID logId() {
        return logId;
    }

    /** The epochs that producers with a name may append with; empty when the store was opened. */
    public ProducerEpochs producerEpochs() {
        return maintenance.producerEpochs();
    }

    /** All topics, by name. */
    public List<Topic> topics() {
        return List.copyOf(topics.values());
    }

    /**
     * Offsets known to be lost or damaged: found when the store was opened, or met by readers since. Everything else can
     * be read, or was not read yet; {@link LogVerifier} looks at everything.
     */
    public List<DamagedRange> health() {
        List<DamagedRange> found = new ArrayList<>();
        for (Topic topic : topics.values()) {
            topic.partitions().forEach(partition -> found.addAll(partition.damage(topic.name())));
        }
        return found;
    }

    /** Why nothing can be published for now: STORAGE_FULL or STORAGE_FAILED; null while it can. */
    public @Nullable LevadaException obstacle() {
        return maintenance.reserve().isGivenUp()
                ? maintenance.reserve().refusal()
                : maintenance.journal().unavailable();
    }

    /** What opening came to. */
    public Start start() {
        return start;
    }

    /** What it holds and has done; looks at all partitions. */
    public LogTotals totals() {
        int partitions = 0;
        long bytes = 0;
        for (Topic topic : topics.values()) {
            partitions += topic.partitions().size();
            bytes += topic.partitions().stream()
                    .mapToLong(PartitionLog::sizeBytes)
                    .sum();
        }
        Journal journal = maintenance.journal();
        return new LogTotals(topics.size(), partitions, bytes, journal.forces(), journal.forceNanos());
    }

    public @Nullable Topic topic(String name) {
        return topics.get(name);
    }

    /**
     * Makes a topic, durable on return; blocks on the disk.
     *
     * @param settings by name, see {@link TopicSettings}
     * @throws LevadaException TOPIC_ALREADY_EXISTS, INVALID_TOPIC_EXCEPTION, INVALID_PARTITIONS, INVALID_CONFIG,
     *     STORAGE_FAILED, STORAGE_FULL
     */
    public Topic createTopic(String name, int partitions, Map<String, String> settings) {
        if (!TopicSpec.isName(name)) {
            throw new LevadaException(
                    ErrorCode.INVALID_TOPIC_EXCEPTION,
                    "a topic's name is 1 to 200 characters of A-Z a-z 0-9 . _ - but neither . nor ..");
        }
        if (partitions < 1 || partitions > TopicSpec.MAX_PARTITIONS) {
            throw new LevadaException(
                    ErrorCode.INVALID_PARTITIONS,
                    "a topic has 1 to " + TopicSpec.MAX_PARTITIONS + " partitions, not " + partitions);
        }
        config.settings(settings);
        return env.scheduler().await(maintenance.call(() -> {
            failIfClosing();
            if (topics.containsKey(name)) {
                throw new LevadaException(ErrorCode.TOPIC_ALREADY_EXISTS, "topic " + name + " exists already");
            }
            if (maintenance.reserve().isGivenUp() && !TopicSpec.isInternal(name)) {
                throw maintenance.reserve().refusal();
            }
            Catalog.Entry entry =
                    new Catalog.Entry(env.randomness().nextUuid(), name, partitions, Map.copyOf(settings));
            writeCatalog(catalog.with(entry));
            Topic topic = open(entry);
            topics.put(name, topic);
            maintenance.settingsChanged();
            return topic;
        }));
    }

    /**
     * Changes settings of a topic, durable and in force on return; the others stay. Blocks on the disk.
     *
     * @throws LevadaException UNKNOWN_TOPIC_OR_PARTITION, INVALID_CONFIG, STORAGE_FAILED, STORAGE_FULL
     */
    public Topic alterTopic(String name, Map<String, String> changes) {
        return env.scheduler().await(maintenance.call(() -> {
            failIfClosing();
            Topic topic = require(name);
            Map<String, String> settings = TopicSettings.changed(topic.config(), changes, config.segmentBytes());
            Catalog.Entry entry =
                    new Catalog.Entry(topic.id(), name, topic.partitions().size(), settings);
            writeCatalog(catalog.replacing(entry));
            Topic altered = new Topic(topic.id(), name, topic.partitions(), settings);
            altered.partitions().get(0).setSettings(config.settings(settings));
            maintenance.settingsChanged();
            topics.put(name, altered);
            return altered;
        }));
    }

    /**
     * Raises the number of partitions of a topic, durable on return; those there are stay as they are. Blocks on the disk.
     *
     * @param count how many there are to be; as many as there are changes nothing
     * @throws LevadaException UNKNOWN_TOPIC_OR_PARTITION, INVALID_PARTITIONS, STORAGE_FAILED, STORAGE_FULL
     */
    public Topic addPartitions(String name, int count) {
        return env.scheduler().await(maintenance.call(() -> {
            failIfClosing();
            Topic topic = require(name);
            int present = topic.partitions().size();
            if (count < present || count > TopicSpec.MAX_PARTITIONS) {
                throw new LevadaException(
                        ErrorCode.INVALID_PARTITIONS,
                        "topic " + name + " has " + present + " partitions; it can be given more, up to "
                                + TopicSpec.MAX_PARTITIONS + ", but not " + count);
            } else if (count == present) {
                return topic;
            } else if (maintenance.reserve().isGivenUp()) {
                throw maintenance.reserve().refusal();
            }
            Catalog.Entry entry = new Catalog.Entry(topic.id(), name, count, topic.config());
            writeCatalog(catalog.replacing(entry));
            List<PartitionLog> partitions = new ArrayList<>(topic.partitions());
            partitions.addAll(maintenance.openPartitions(
                    entry, present, topic.partitions().get(0).liveSettings()));
            Topic grown = new Topic(topic.id(), name, partitions, topic.config());
            topics.put(name, grown);
            maintenance.settingsChanged();
            return grown;
        }));
    }

    /**
     * Deletes the records of a partition before an offset, durable on return; blocks on the disk.
     *
     * @return the partition's start: the offset, unless it was behind it already, or compaction has left nothing from there
     *     to the next segment
     * @throws LevadaException UNKNOWN_TOPIC_OR_PARTITION; OFFSET_OUT_OF_RANGE above the durable end; STORAGE_FAILED,
     *     STORAGE_FULL, when records are gone already but may come back with the next start
     */
    public long deleteRecords(String name, int partition, long beforeOffset) {
        return env.scheduler().await(maintenance.call(() -> {
            failIfClosing();
            List<PartitionLog> partitions = require(name).partitions();
            if (partition < 0 || partition >= partitions.size()) {
                throw new LevadaException(
                        ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, "topic " + name + " has no partition " + partition);
            }
            return maintenance.deleteRecords(partitions.get(partition), beforeOffset);
        }));
    }

    private Topic require(String name) {
        Topic topic = topics.get(name);
        if (topic == null) {
            throw Failures.unknownTopic(name);
        }
        return topic;
    }

    /**
     * Deletes a topic, durable on return; blocks on the disk. Its waiting appends and later reads fail with
     * UNKNOWN_TOPIC_OR_PARTITION.
     *
     * @throws LevadaException UNKNOWN_TOPIC_OR_PARTITION, STORAGE_FAILED, STORAGE_FULL
     */
    public void deleteTopic(String name) {
        env.scheduler().await(maintenance.call(() -> {
            failIfClosing();
            Topic topic = require(name);
            writeCatalog(catalog.without(topic.id()));
            topics.remove(name);
            topic.partitions().forEach(partition -> partition.closeBecause(Failures.unknownTopic(name)));
            maintenance.delete(topic);
            return name;
        }));
    }

    private void writeCatalog(Catalog next) throws IOException {
        catalog = maintenance.withReserve(() -> {
            catalogs.write(next.encode());
            return next;
        });
    }

    private void failIfClosing() {
        if (closing.get()) {
            throw Failures.closed();
        }
    }

    /**
     * Makes everything appended durable, checkpoints, and gives the directory free; blocks. Later appends and reads fail
     * with GOING_AWAY. The environment's scheduler stays open.
     *
     * @throws LevadaException STORAGE_FAILED, STORAGE_FULL when the checkpoint fails: what was acknowledged is safe, and
     *     the next start recovers it
     */
    @Override
    public void close() {
        if (!closing.compareAndSet(false, true)) {
            return;
        }
        try {
            List<PartitionLog> partitions =
                    env.scheduler().await(maintenance.call(() -> maintenance.refuse(Failures.closed())));
            List<CompletableFuture<@Nullable Void>> idle = partitions.stream()
                    .map(partition -> partition.writer().whenIdle())
                    .toList();
            idle.forEach(env.scheduler()::await);
            env.scheduler().await(maintenance.call(() -> {
                maintenance.close();
                return logId;
            }));
        } finally {
            unlock();
        }
    }

    private void unlock() {
        try {
            lock.close();
        } catch (IOException e) {
            throw Failures.storage("giving the log free", e);
        }
    }
}
