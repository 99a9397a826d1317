package io.levada.benchmarks.peers;

import io.nats.client.BaseConsumerContext;
import io.nats.client.Connection;
import io.nats.client.JetStream;
import io.nats.client.JetStreamApiException;
import io.nats.client.JetStreamManagement;
import io.nats.client.MessageConsumer;
import io.nats.client.Nats;
import io.nats.client.Options;
import io.nats.client.StreamContext;
import io.nats.client.api.ConsumerConfiguration;
import io.nats.client.api.OrderedConsumerConfiguration;
import io.nats.client.api.StorageType;
import io.nats.client.api.StreamConfiguration;
import java.io.IOException;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.Semaphore;

/**
 * NATS JetStream through its own client, with its defaults. A topic is a stream, which has no partitions; a group is a durable
 * consumer. A message has no key: it goes before the value.
 */
final class NatsClient implements Client {
    /** Not acknowledged yet; the client itself bounds what it has not sent, and nothing else. */
    private static final int IN_FLIGHT = 4_096;

    private final Connection connection;

    NatsClient(String address) {
        try {
            connection = Nats.connect(new Options.Builder().server(address).build());
        } catch (IOException | InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Whether a server is there, and JetStream in it. */
    static boolean isAnswered(String address) {
        try {
            NatsClient client = new NatsClient(address);
            call(() -> client.management().getAccountStatistics());
            client.close();
            return true;
        } catch (IllegalStateException e) {
            return false;
        }
    }

    /** What the client's methods may fail with. */
    private interface Call<T> {
        T of() throws IOException, JetStreamApiException, InterruptedException;
    }

    private static <T> T call(Call<T> call) {
        try {
            return call.of();
        } catch (IOException | JetStreamApiException | InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void create(String topic, int partitions, Map<String, String> settings) {
        StreamConfiguration stream = StreamConfiguration.builder()
                .name(topic)
                .subjects(topic)
                .storageType(StorageType.File)
                .build();
        call(() -> management().addStream(stream));
    }

    @Override
    public void delete(String topic) {
        call(() -> management().deleteStream(topic));
    }

    private JetStreamManagement management() throws IOException {
        return connection.jetStreamManagement();
    }

    @Override
    public void publish(String topic, Source source) {
        JetStream stream = call(connection::jetStream);
        Semaphore room = new Semaphore(IN_FLIGHT);
        call(() -> {
            for (Message next = source.next(); next != null; next = source.next()) {
                room.acquire();
                var unused = stream.publishAsync(topic, joined(next.key(), next.value()))
                        .whenComplete((acknowledged, error) -> {
                            if (error != null) {
                                Driver.die(error);
                            }
                            room.release();
                        });
            }
            room.acquire(IN_FLIGHT);
            return true;
        });
    }

    private static byte[] joined(byte[] key, byte[] value) {
        byte[] both = Arrays.copyOf(key, key.length + value.length);
        System.arraycopy(value, 0, both, key.length, value.length);
        return both;
    }

    @Override
    public Running read(String topic, int partitions, Sink sink) {
        return consume(
                call(() -> stream(topic).createOrderedConsumer(new OrderedConsumerConfiguration())), sink, false);
    }

    @Override
    public Running join(String topic, String group, Sink sink) {
        ConsumerConfiguration durable =
                ConsumerConfiguration.builder().durable(group).build();
        return consume(call(() -> stream(topic).createOrUpdateConsumer(durable)), sink, true);
    }

    private StreamContext stream(String topic) throws IOException, JetStreamApiException {
        return connection.getStreamContext(topic);
    }

    private static Running consume(BaseConsumerContext consumer, Sink sink, boolean acknowledge) {
        MessageConsumer running = call(() -> consumer.consume(message -> {
            byte[] both = message.getData();
            sink.accept(Arrays.copyOf(both, Long.BYTES), Arrays.copyOfRange(both, Long.BYTES, both.length));
            if (acknowledge) {
                message.ack();
            }
        }));
        return running::stop;
    }

    @Override
    public void close() {
        call(() -> {
            connection.close();
            return true;
        });
    }
}
