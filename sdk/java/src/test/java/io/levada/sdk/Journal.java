package io.levada.sdk;

import io.levada.Compression;
import io.levada.LevadaException;
import io.levada.TopicPartition;
import io.levada.facade.BatchSink;
import io.levada.facade.MemberSink;
import io.levada.facade.WriterSink;
import io.levada.protocol.RecordBatch;
import io.netty.buffer.ByteBuf;
import java.util.EnumSet;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.jspecify.annotations.Nullable;

/** Sinks of every kind that note what they hear, in words, and release what they get. */
final class Journal {
    final BlockingQueue<String> lines = new LinkedBlockingQueue<>();
    volatile boolean onSdkThreads = true;
    private volatile Set<Compression> accepted = EnumSet.allOf(Compression.class);

    String next() {
        return Await.next(lines, "call to the sink");
    }

    private void note(String line) {
        if (!Thread.currentThread().getName().startsWith("levada-sdk")) {
            onSdkThreads = false;
        }
        lines.add(line);
    }

    private void noteError(@Nullable Throwable error) {
        note("error " + (error instanceof LevadaException ours ? ours.line() : String.valueOf(error)));
    }

    WriterSink writer() {
        return new WriterSink() {
            @Override
            public void onOpen(int partitions, int maxRecordBytes) {
                note("open " + partitions + " " + maxRecordBytes);
            }

            @Override
            public void onCredit(int batches, long bytes) {
                note("credit " + batches + " " + bytes);
            }

            @Override
            public void onPartAck(long sequence, int records, long baseOffset) {
                note("part " + sequence + " " + records + " " + baseOffset);
            }

            @Override
            public void onAck(long sequence, long baseOffset) {
                note("ack " + sequence + " " + baseOffset);
            }

            @Override
            public void onComplete() {
                note("complete");
            }

            @Override
            public void onError(Throwable error) {
                noteError(error);
            }
        };
    }

    /** The same, whose sinks for batches accept these codecs. */
    Journal accepting(Set<Compression> codecs) {
        accepted = codecs;
        return this;
    }

    BatchSink batches() {
        return new BatchSink() {
            @Override
            public boolean accepts(Compression codec) {
                return accepted.contains(codec);
            }

            @Override
            public void onBatch(int handle, int records, ByteBuf batch) {
                long base = RecordBatch.baseOffset(batch);
                batch.release();
                note("batch " + handle + " " + records + " at " + base);
            }

            @Override
            public void onPassed(int handle, long offset) {
                note("passed " + handle + " " + offset);
            }

            @Override
            public void onGap(int handle, long from, long to) {
                note("gap " + handle + " " + from + " " + to);
            }

            @Override
            public void onPartitionEnd(int handle, @Nullable LevadaException error) {
                note("end " + handle + (error == null ? "" : " " + error.line()));
            }

            @Override
            public void onComplete() {
                note("complete");
            }

            @Override
            public void onError(Throwable error) {
                noteError(error);
            }
        };
    }

    MemberSink member() {
        return new MemberSink() {
            @Override
            public void onJoined(String member, long secret, long generation) {
                note("joined " + member + " " + generation);
            }

            @Override
            public void onAssigned(int handle, TopicPartition partition, long generation, long start) {
                note("assigned " + handle + " " + partition + " " + generation + " " + start);
            }

            @Override
            public void onRevoking(int handle, long withinMs) {
                note("revoking " + handle + " " + withinMs);
            }

            @Override
            public void onLost(int handle) {
                note("lost " + handle);
            }

            @Override
            public void onSeeked(int handle, long offset) {
                note("seeked " + handle + " to " + offset);
            }

            @Override
            public void onIdle(String reason) {
                note("idle " + reason);
            }

            @Override
            public void onLeft() {
                note("left");
            }

            @Override
            public void onError(Throwable error) {
                noteError(error);
            }
        };
    }
}
