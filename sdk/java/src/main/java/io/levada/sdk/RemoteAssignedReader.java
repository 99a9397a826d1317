package io.levada.sdk;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.facade.BatchSink;
import io.levada.facade.GroupSession.AssignedReader;
import io.levada.protocol.Message;

/** The {@code group.partition.batched} channel of a membership, opened once the member's name is known. */
final class RemoteAssignedReader extends RemoteReader implements AssignedReader {
    RemoteAssignedReader(Link link, BatchSink sink) {
        super(link, "group.partition.batched", sink);
    }

    @Override
    public void add(int handle, long offset) {
        outbox.send(Wire.encode(new Message.Add(handle, offset)));
    }

    @Override
    public void remove(int handle) {
        outbox.send(Wire.encode(new Message.Remove(handle)));
    }

    /** A reader of a group has no end of its own. */
    @Override
    void completed() {
        failed(new LevadaException(ErrorCode.GOING_AWAY, "the server ended the stream of the group's records"));
    }
}
