package io.levada.log;

import io.levada.LevadaException;
import io.levada.env.Disk;
import io.levada.log.Checkpoint.Entry;
import io.levada.log.Checkpoint.PartitionId;
import io.netty.buffer.ByteBuf;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings a store's files to a state in which a checkpoint says everything: whatever was durable is in forced segments,
 * nothing else is, and the journal is needed no more. The journal is looked through before anything is changed, and
 * changed only after the new checkpoint; a crash in between makes recovery start over. For one thread.
 */
final class Recovery {
    private static final Logger LOG = LoggerFactory.getLogger(Recovery.class);

    private final Disk disk;
    private final LogConfig config;
    private final UUID logId;
    private final Catalog catalog;
    private final CheckedPair checkpoints;
    private final LogTime time;
    private boolean changed;
    private int changedPartitions;
    private boolean degraded;

    Recovery(Disk disk, LogConfig config, UUID logId, Catalog catalog, CheckedPair checkpoints, LogTime time) {
        this.disk = disk;
        this.config = config;
        this.logId = logId;
        this.catalog = catalog;
        this.checkpoints = checkpoints;
        this.time = time;
    }

    Checkpoint run(Checkpoint old) throws IOException {
        JournalScan scan;
        try {
            scan = JournalScan.of(disk, logId, old);
        } catch (LevadaException e) {
            LOG.warn("what of it is not in segments either is lost: {}", e.getMessage());
            degraded = true;
            scan = JournalScan.inSpiteOfDamage(disk, logId, old.sequence(), old.generation());
        }
        return run(old, scan);
    }

    /** Does what can be done without a checkpoint. */
    Checkpoint salvage() throws IOException {
        degraded = true;
        Map<PartitionId, Entry> entries = new Salvage(disk, config, time.nowMs()).entries(catalog);
        return run(new Checkpoint(1, 1, time.mark(), entries), JournalScan.inSpiteOfDamage(disk, logId, 1, 1));
    }

    private Checkpoint run(Checkpoint old, JournalScan scan) throws IOException {
        deleteStrangers();
        Map<PartitionId, ReplayedPartition> partitions = partitions(old);
        for (ReplayedPartition partition : partitions.values()) {
            if (degraded) {
                partition.degraded();
            }
            partition.cutBack();
        }
        scan.replay(new JournalScan.BatchVisitor() {
            @Override
            public void batch(PartitionId id, ByteBuf batch) throws IOException {
                ReplayedPartition partition = partitions.get(id);
                if (partition != null) { // else the topic was deleted
                    partition.replay(batch);
                }
            }

            @Override
            public void reserved(PartitionId id, long upTo) {
                ReplayedPartition partition = partitions.get(id);
                if (partition != null) {
                    partition.reserved(upTo);
                }
            }
        });
        Map<PartitionId, Entry> entries = new LinkedHashMap<>();
        changed = degraded || !scan.isEmpty();
        for (Map.Entry<PartitionId, ReplayedPartition> partition : partitions.entrySet()) {
            entries.put(partition.getKey(), partition.getValue().finish());
            changedPartitions += partition.getValue().isChanged() ? 1 : 0;
        }
        changed |= changedPartitions > 0;
        Checkpoint recovered = new Checkpoint(scan.nextSequence(), scan.nextGeneration(), time.mark(), entries);
        if (!changed) {
            time.restedSince(old.time().logMs());
        } else {
            checkpoints.write(recovered.encode());
            LOG.info("recovered journal blocks {} to {}", old.sequence(), scan.nextSequence() - 1);
        }
        return recovered;
    }

    /** Whether there was anything to do, as there is not after a clean end. */
    boolean hasChanged() {
        return changed;
    }

    Start start() {
        return new Start(!changed, changedPartitions);
    }

    private Map<PartitionId, ReplayedPartition> partitions(Checkpoint old) {
        Map<PartitionId, ReplayedPartition> partitions = new LinkedHashMap<>();
        long nowMs = time.nowMs();
        for (Catalog.Entry topic : catalog.topics()) {
            TopicSettings settings = config.settings(topic.config());
            for (int i = 0; i < topic.partitions(); i++) {
                PartitionId id = new PartitionId(topic.id(), i);
                Entry entry = old.partitions().getOrDefault(id, Entry.EMPTY);
                ReplayedPartition partition = new ReplayedPartition(
                        disk, id, config.indexIntervalBytes(), settings.segmentBytes(), entry, nowMs);
                partitions.put(id, settings.isDurableUnforced() ? partition.durableUnforced() : partition);
            }
        }
        return partitions;
    }

    /** Deletes what deleted topics left behind. */
    private void deleteStrangers() throws IOException {
        Set<UUID> known = catalog.topics().stream().map(Catalog.Entry::id).collect(Collectors.toSet());
        for (String name : disk.list(Layout.TOPICS)) {
            UUID id = Layout.topicId(name);
            if (id != null && !known.contains(id)) {
                deleteTree(disk, Layout.topicDirectory(id));
            }
        }
    }

    /** Deletes a topic's directory with its partitions and their files. */
    static void deleteTree(Disk disk, String topicDirectory) throws IOException {
        for (String partition : disk.list(topicDirectory)) {
            String directory = topicDirectory + "/" + partition;
            for (String file : disk.list(directory)) {
                disk.delete(directory + "/" + file);
            }
            disk.delete(directory);
        }
        disk.delete(topicDirectory);
    }

    /** The journal's files, none of which holds anything of use any more; the first is made if there is none. */
    List<JournalFile> journalFiles() throws IOException {
        Map<Integer, String> found = new HashMap<>();
        for (String name : disk.list(Layout.JOURNAL)) {
            int number = Layout.journalNumber(name);
            String path = Layout.JOURNAL + "/" + name;
            long size = disk.size(path);
            boolean usable = number >= 0
                    && found.size() < config.journalFiles()
                    && (size == config.journalFileBytes() || size == config.firstJournalFileBytes());
            if (usable) {
                found.put(number, path);
            } else {
                disk.delete(path);
            }
        }
        List<JournalFile> files = new ArrayList<>();
        for (Map.Entry<Integer, String> file : found.entrySet()) {
            files.add(new JournalFile(
                    file.getKey(), disk.open(file.getValue(), false), (int) disk.size(file.getValue())));
        }
        if (files.isEmpty()) {
            files.add(JournalFile.create(disk, 0, config.firstJournalFileBytes()));
        }
        return files;
    }
}
