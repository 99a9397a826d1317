package io.levada.wire;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.levada.Ack;
import io.levada.GroupDescription;
import io.levada.TopicDescription;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;

/** What topics, groups and acknowledgements are told as. Stateless. */
public final class DescriptionJson {
    private DescriptionJson() {}

    public static ObjectNode of(TopicDescription topic) {
        ObjectNode json = Json.object()
                .put("name", topic.name())
                .put("id", topic.id().toString())
                .put("logId", topic.logId().toString());
        ArrayNode partitions = json.putArray("partitions");
        for (TopicDescription.PartitionDescription partition : topic.partitions()) {
            partitions
                    .addObject()
                    .put("partition", partition.partition())
                    .put("start", partition.start())
                    .put("end", partition.end())
                    .put("durable", partition.durable())
                    .put("bytes", partition.bytes());
        }
        ObjectNode config = json.putObject("config");
        topic.config().entrySet().stream()
                .sorted(Map.Entry.comparingByKey())
                .forEach(entry -> config.put(entry.getKey(), entry.getValue()));
        return json;
    }

    public static ObjectNode of(GroupDescription group) {
        ObjectNode json = Json.object()
                .put("group", group.group())
                .put("state", group.state())
                .put("generation", group.generation());
        ArrayNode members = json.putArray("members");
        for (GroupDescription.MemberDescription member : group.members()) {
            ObjectNode described = members.addObject().put("member", member.member());
            ArrayNode partitions = described.putArray("partitions");
            member.partitions().forEach(partition -> partitions
                    .addObject()
                    .put("topic", partition.topic())
                    .put("partition", partition.partition()));
            described.put("idle", member.idle());
        }
        ArrayNode offsets = json.putArray("offsets");
        for (GroupDescription.GroupOffset offset : group.offsets()) {
            ObjectNode described = offsets.addObject()
                    .put("topic", offset.topic())
                    .put("partition", offset.partition())
                    .put("committed", offset.committed())
                    .put("end", offset.end())
                    .put("lag", offset.lag())
                    .put("lagMs", offset.lagMs());
            if (offset.metadata() != null) {
                described.put("metadata", offset.metadata());
            }
        }
        return json;
    }

    /** Where a position is in partitions of a topic: {@code {"topic","offsets":[{"partition","offset"}]}}. */
    public static ObjectNode of(String topic, SortedMap<Integer, Long> offsets) {
        ObjectNode json = Json.object().put("topic", topic);
        ArrayNode places = json.putArray("offsets");
        offsets.forEach((partition, offset) ->
                places.addObject().put("partition", partition).put("offset", offset));
        return json;
    }

    /** Where records came to stand, in their order: {@code {"records":[{"partition","offset","timestamp"}]}}. */
    public static JsonNode of(List<Ack> acks) {
        ObjectNode answer = Json.object();
        ArrayNode records = answer.putArray("records");
        acks.forEach(ack -> records.add(of(ack)));
        return answer;
    }

    /** Where a record came to stand. */
    public static ObjectNode of(Ack ack) {
        return Json.object()
                .put("partition", ack.partition())
                .put("offset", ack.offset())
                .put("timestamp", ack.timestampMs());
    }
}
