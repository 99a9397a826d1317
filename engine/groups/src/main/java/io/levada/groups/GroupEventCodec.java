package io.levada.groups;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.TopicPartition;
import io.levada.groups.GroupEvent.CommitGone;
import io.levada.groups.GroupEvent.Committed;
import io.levada.groups.GroupEvent.Epoch;
import io.levada.groups.GroupEvent.GroupGone;
import io.levada.groups.GroupEvent.MemberGone;
import io.levada.groups.GroupEvent.MemberSet;
import io.levada.groups.GroupEvent.PartitionFreed;
import io.levada.groups.GroupEvent.PartitionSet;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Events as records of the internal topic. The key names the thing: {@code ["epoch",group]}, {@code
 * ["member",group,id]}, {@code ["partition",group,topic,partition]} or {@code ["commit",group,topic,partition]}. The
 * value is what it is set to, a JSON object with {@code "v":1}, or absent when the thing is removed.
 *
 * <p>Later versions may add fields, which older ones ignore; anything else needs another {@code v}, or another kind of key,
 * and both are refused by those who do not know them.
 */
public final class GroupEventCodec {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int VERSION = 1;

    private GroupEventCodec() {}

    public static byte[] key(GroupEvent event) {
        ArrayNode key = JSON.createArrayNode();
        if (event instanceof Epoch || event instanceof GroupGone) {
            key.add("epoch").add(event.group());
        } else if (event instanceof MemberSet set) {
            key.add("member").add(event.group()).add(set.member().id());
        } else if (event instanceof MemberGone gone) {
            key.add("member").add(event.group()).add(gone.member());
        } else if (event instanceof PartitionSet set) {
            partition(key.add("partition").add(event.group()), set.partition());
        } else if (event instanceof PartitionFreed freed) {
            partition(key.add("partition").add(event.group()), freed.partition());
        } else if (event instanceof Committed committed) {
            partition(key.add("commit").add(event.group()), committed.partition());
        } else if (event instanceof CommitGone gone) {
            partition(key.add("commit").add(event.group()), gone.partition());
        }
        return bytes(key);
    }

    private static void partition(ArrayNode key, TopicPartition partition) {
        key.add(partition.topic()).add(partition.partition());
    }

    /** The record's value, or null for an event that removes something. */
    public static byte @Nullable [] value(GroupEvent event) {
        ObjectNode value = JSON.createObjectNode().put("v", VERSION);
        if (event instanceof Epoch epoch) {
            value.put("generation", epoch.generation()).put("lastHandle", epoch.lastHandle());
        } else if (event instanceof MemberSet set) {
            Member member = set.member();
            ArrayNode topics = value.putArray("topics");
            member.topics().forEach(topics::add);
            value.put("from", member.from()).put("joined", member.joined()).put("secret", member.secret());
            value.put("goneAtMs", member.goneAtMs()).put("idle", member.idle());
            if (member.instanceId() != null) {
                value.put("instanceId", member.instanceId());
            }
        } else if (event instanceof PartitionSet set) {
            Ownership ownership = set.ownership();
            value.put("member", ownership.member()).put("handle", ownership.handle());
            value.put("generation", ownership.generation()).put("revokedAtMs", ownership.revokedAtMs());
        } else if (event instanceof Committed committed) {
            value.put("topicId", committed.topicId().toString()).put("offset", committed.offset());
            if (committed.metadata() != null) {
                value.put("metadata", committed.metadata());
            }
            if (committed.reset()) {
                value.put("reset", true);
            }
        } else {
            return null;
        }
        return bytes(value);
    }

    /**
     * Reads what {@link #key} and {@link #value} wrote; throws UNSUPPORTED_VERSION for what a later version wrote, and
     * CORRUPT_MESSAGE for what none did.
     */
    public static GroupEvent decode(byte[] keyBytes, byte @Nullable [] valueBytes) {
        JsonNode key = parse(keyBytes);
        JsonNode value = valueBytes == null ? null : parse(valueBytes);
        if (value != null && need(value, "v").asInt() != VERSION) {
            throw unsupported(keyBytes);
        }
        String group = need(key, 1).asText();
        return switch (need(key, 0).asText()) {
            case "epoch" -> value == null ? new GroupGone(group) : epoch(group, value);
            case "member" -> member(group, need(key, 2).asText(), value);
            case "partition" -> ownership(group, partition(key), value);
            case "commit" -> commit(group, partition(key), value);
            default -> throw unsupported(keyBytes);
        };
    }

    private static TopicPartition partition(JsonNode key) {
        return new TopicPartition(need(key, 2).asText(), need(key, 3).asInt());
    }

    private static GroupEvent epoch(String group, JsonNode value) {
        return new Epoch(
                group,
                need(value, "generation").asLong(),
                need(value, "lastHandle").asInt());
    }

    private static GroupEvent member(String group, String id, @Nullable JsonNode value) {
        if (value == null) {
            return new MemberGone(group, id);
        }
        List<String> topics = new ArrayList<>();
        need(value, "topics").forEach(topic -> topics.add(topic.asText()));
        return new MemberSet(
                group,
                new Member(
                        id,
                        value.path("secret").asLong(Member.NO_SECRET),
                        value.hasNonNull("instanceId")
                                ? value.path("instanceId").asText()
                                : null,
                        topics,
                        need(value, "from").asText(),
                        need(value, "joined").asLong(),
                        need(value, "goneAtMs").asLong(),
                        need(value, "idle").asBoolean()));
    }

    private static GroupEvent ownership(String group, TopicPartition partition, @Nullable JsonNode value) {
        if (value == null) {
            return new PartitionFreed(group, partition);
        }
        return new PartitionSet(
                group,
                partition,
                new Ownership(
                        need(value, "member").asText(),
                        need(value, "handle").asInt(),
                        need(value, "generation").asLong(),
                        need(value, "revokedAtMs").asLong()));
    }

    private static GroupEvent commit(String group, TopicPartition partition, @Nullable JsonNode value) {
        if (value == null) {
            return new CommitGone(group, partition);
        }
        String topicId = need(value, "topicId").asText();
        try {
            return new Committed(
                    group,
                    partition,
                    UUID.fromString(topicId),
                    need(value, "offset").asLong(),
                    value.path("reset").asBoolean(),
                    value.hasNonNull("metadata") ? value.path("metadata").asText() : null);
        } catch (IllegalArgumentException e) {
            throw new LevadaException(ErrorCode.CORRUPT_MESSAGE, "a group event has the topic id " + topicId, e);
        }
    }

    private static JsonNode need(JsonNode node, String field) {
        return present(node.get(field), node);
    }

    private static JsonNode need(JsonNode node, int index) {
        return present(node.get(index), node);
    }

    private static JsonNode present(@Nullable JsonNode found, JsonNode in) {
        if (found == null) {
            throw new LevadaException(ErrorCode.CORRUPT_MESSAGE, "a group event lacks a field: " + in);
        }
        return found;
    }

    private static JsonNode parse(byte[] json) {
        try {
            return JSON.readTree(json);
        } catch (IOException e) {
            throw new LevadaException(ErrorCode.CORRUPT_MESSAGE, "a group event is no JSON: " + text(json), e);
        }
    }

    private static LevadaException unsupported(byte[] key) {
        return new LevadaException(
                ErrorCode.UNSUPPORTED_VERSION,
                "a later version of Levada wrote the group event " + text(key) + "; use that version");
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private static byte[] bytes(JsonNode node) {
        try {
            return JSON.writeValueAsBytes(node);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("JSON of its own making cannot be written", e);
        }
    }
}
