package io.levada.log;

import io.levada.LevadaException;
import io.levada.env.Disk;
import io.levada.log.Checkpoint.Entry;
import io.levada.log.Checkpoint.PartitionId;
import io.levada.log.LogVerifier.Finding;
import io.levada.protocol.HeaderChecksum;
import io.levada.protocol.RecordBatch;
import io.netty.buffer.ByteBuf;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** The journal's blocks that recovery needs, and every batch in them, against checksums and against each other. */
final class VerifiedJournal {
    private final LogVerifier verifier;
    private final Disk disk;
    private final UUID logId;
    private final Checkpoint checkpoint;
    private final Map<UUID, String> names;
    private final Map<PartitionId, Long> next = new HashMap<>();

    VerifiedJournal(LogVerifier verifier, Disk disk, UUID logId, Checkpoint checkpoint, Map<UUID, String> names) {
        this.verifier = verifier;
        this.disk = disk;
        this.logId = logId;
        this.checkpoint = checkpoint;
        this.names = names;
    }

    /** Gives whether nothing of it is needed, as after a clean stop. */
    boolean run() throws IOException {
        for (String name : disk.list(Layout.JOURNAL)) {
            if (Layout.journalNumber(name) >= 0) {
                verifier.looked(disk.size(Layout.JOURNAL + "/" + name));
            }
        }
        try {
            JournalScan scan = JournalScan.of(disk, logId, checkpoint);
            scan.replay(this::check);
            return scan.isEmpty();
        } catch (LevadaException e) {
            verifier.found(Layout.JOURNAL, 0, 0, String.valueOf(e.getMessage()));
            return false;
        }
    }

    private void check(PartitionId id, ByteBuf batch) {
        String topic = names.get(id.topicId());
        if (topic == null && !names.isEmpty()) {
            return; // of a topic that was deleted
        }
        long expected = next.computeIfAbsent(
                id,
                key -> checkpoint.partitions().getOrDefault(key, Entry.EMPTY).forced());
        long base = RecordBatch.baseOffset(batch);
        if (!HeaderChecksum.matches(id.topicId(), id.partition(), batch)) {
            tell(topic, id, expected, expected, batch, "a batch that belongs elsewhere");
            return;
        }
        try {
            RecordBatch.verify(batch);
            verifier.whole();
        } catch (LevadaException e) {
            tell(topic, id, base, RecordBatch.nextOffset(batch), batch, String.valueOf(e.getMessage()));
        }
        if (base > expected) {
            tell(topic, id, expected, base, batch, "offsets that neither a segment nor the journal holds");
        }
        next.put(id, Math.max(expected, RecordBatch.nextOffset(batch)));
    }

    private void tell(@Nullable String topic, PartitionId id, long from, long to, ByteBuf batch, String what) {
        verifier.found(new Finding(topic, id.partition(), from, to, Layout.JOURNAL, 0, batch.readableBytes(), what));
    }
}
