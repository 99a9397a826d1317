package io.levada.log;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;

/**
 * What topics there are, as bytes: the body of the file {@code catalog}, behind the log's id. All integers are big-endian.
 *
 * <pre>
 *   i32 count of topics, for each:
 *     16 bytes id, string name, i32 partitions, i32 count of settings, for each: string key, string value
 *   string: i32 bytes, UTF-8
 * </pre>
 */
record Catalog(List<Entry> topics) {
    static final Catalog EMPTY = new Catalog(List.of());

    record Entry(UUID id, String name, int partitions, Map<String, String> config) {}

    Catalog {
        topics = List.copyOf(topics);
    }

    Catalog with(Entry topic) {
        List<Entry> more = new ArrayList<>(topics);
        more.add(topic);
        return new Catalog(more);
    }

    /** With an entry in the place of the one that has its id. */
    Catalog replacing(Entry changed) {
        return new Catalog(topics.stream()
                .map(topic -> topic.id().equals(changed.id()) ? changed : topic)
                .toList());
    }

    Catalog without(UUID id) {
        return new Catalog(
                topics.stream().filter(topic -> !topic.id().equals(id)).toList());
    }

    ByteBuffer encode() {
        ByteBuffer out = ByteBuffer.allocate(
                4 + topics.stream().mapToInt(Catalog::encodedBytes).sum());
        out.putInt(topics.size());
        for (Entry topic : topics) {
            out.putLong(topic.id().getMostSignificantBits()).putLong(topic.id().getLeastSignificantBits());
            put(out, topic.name());
            out.putInt(topic.partitions()).putInt(topic.config().size());
            new TreeMap<>(topic.config()).forEach((key, value) -> {
                put(out, key);
                put(out, value);
            });
        }
        return out.flip();
    }

    private static int encodedBytes(Entry topic) {
        int settings = topic.config().entrySet().stream()
                .mapToInt(setting -> bytes(setting.getKey()) + bytes(setting.getValue()))
                .sum();
        return 16 + bytes(topic.name()) + 4 + 4 + settings;
    }

    private static int bytes(String text) {
        return 4 + text.getBytes(StandardCharsets.UTF_8).length;
    }

    private static void put(ByteBuffer out, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        out.putInt(bytes.length).put(bytes);
    }

    static Catalog decode(ByteBuffer in) {
        try {
            List<Entry> topics = new ArrayList<>();
            for (int left = in.getInt(); left > 0; left--) {
                UUID id = new UUID(in.getLong(), in.getLong());
                String name = string(in);
                int partitions = in.getInt();
                Map<String, String> config = new TreeMap<>();
                for (int settings = in.getInt(); settings > 0; settings--) {
                    config.put(string(in), string(in));
                }
                topics.add(new Entry(id, name, partitions, Map.copyOf(config)));
            }
            return new Catalog(topics);
        } catch (BufferUnderflowException | IndexOutOfBoundsException e) {
            throw Failures.corrupt("the catalog ends within a topic, though its checksum is right");
        }
    }

    private static String string(ByteBuffer in) {
        int length = in.getInt();
        String text =
                StandardCharsets.UTF_8.decode(in.slice(in.position(), length)).toString();
        in.position(in.position() + length);
        return text;
    }
}
