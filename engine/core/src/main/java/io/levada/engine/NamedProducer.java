package io.levada.engine;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.facade.ProducerId;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * A producer's name and what was given out under it, as a record of the topic {@code __producers}: the key is {@code
 * ["producer",name]}, the value {@code {"v":1,"id","epoch","former":[...]}}.
 *
 * @param current what was given out last
 * @param former ids that had all their epochs given out
 */
record NamedProducer(String name, ProducerId current, List<Long> former) {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String KIND = "producer";
    private static final int VERSION = 1;

    byte[] key() {
        return bytes(JSON.createArrayNode().add(KIND).add(name));
    }

    byte[] value() {
        ObjectNode value = JSON.createObjectNode()
                .put("v", VERSION)
                .put("id", current.id())
                .put("epoch", current.epoch());
        former.forEach(value.putArray("former")::add);
        return bytes(value);
    }

    /** The same name one epoch on, or with another id where there is none. */
    NamedProducer next(long freshId) {
        if (current.epoch() < Short.MAX_VALUE) {
            return new NamedProducer(name, new ProducerId(current.id(), (short) (current.epoch() + 1)), former);
        }
        List<Long> all = new ArrayList<>(former);
        all.add(current.id());
        return new NamedProducer(name, new ProducerId(freshId, (short) 0), List.copyOf(all));
    }

    static NamedProducer decode(byte[] key, byte[] value) {
        try {
            JsonNode name = JSON.readTree(key);
            JsonNode set = JSON.readTree(value);
            if (!name.path(0).asText().equals(KIND) || set.path("v").asInt() != VERSION) {
                throw new LevadaException(
                        ErrorCode.UNSUPPORTED_VERSION,
                        "a newer version wrote " + new String(key, StandardCharsets.UTF_8) + " into "
                                + ProducerNames.TOPIC);
            }
            List<Long> former = new ArrayList<>();
            set.path("former").forEach(id -> former.add(id.asLong()));
            ProducerId current = new ProducerId(
                    set.path("id").asLong(), (short) set.path("epoch").asInt());
            return new NamedProducer(name.path(1).asText(), current, List.copyOf(former));
        } catch (IOException e) {
            throw new LevadaException(ErrorCode.CORRUPT_MESSAGE, "a record of " + ProducerNames.TOPIC, e);
        }
    }

    private static byte[] bytes(JsonNode node) {
        return node.toString().getBytes(StandardCharsets.UTF_8);
    }
}
