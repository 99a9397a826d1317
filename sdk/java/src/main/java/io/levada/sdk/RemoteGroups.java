package io.levada.sdk;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.levada.GroupDescription;
import io.levada.GroupDescription.GroupOffset;
import io.levada.GroupDescription.MemberDescription;
import io.levada.Groups;
import io.levada.Position;
import io.levada.TopicPartition;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Groups of a server: each call is one request when subscribed to. */
final class RemoteGroups implements Groups {
    private final Link link;

    RemoteGroups(Link link) {
        this.link = link;
    }

    @Override
    public Flux<String> list() {
        return link.repeatable("groups.list", Wire.object(), answer -> Wire.texts(answer, "groups"))
                .flatMapIterable(names -> names);
    }

    @Override
    public Mono<GroupDescription> describe(String group) {
        ObjectNode request = Wire.object().put("group", group);
        return link.repeatable("groups.describe", request, RemoteGroups::description);
    }

    @Override
    public Mono<GroupDescription> reset(String group, String topic, @Nullable Integer partition, Position to) {
        ObjectNode request =
                Wire.object().put("group", group).put("topic", topic).put("to", to.spelled());
        if (partition != null) {
            request.put("partition", partition);
        }
        return link.change("groups.reset", request, RemoteGroups::description);
    }

    @Override
    public Mono<Void> delete(String group) {
        ObjectNode request = Wire.object().put("group", group);
        return link.change("groups.delete", request, answer -> answer).then();
    }

    private static GroupDescription description(JsonNode answer) {
        List<MemberDescription> members = new ArrayList<>();
        for (JsonNode member : Wire.array(answer, "members")) {
            List<TopicPartition> partitions = new ArrayList<>();
            for (JsonNode partition : Wire.array(member, "partitions")) {
                partitions.add(new TopicPartition(Wire.text(partition, "topic"), Wire.integer(partition, "partition")));
            }
            members.add(new MemberDescription(Wire.text(member, "member"), partitions, Wire.bool(member, "idle")));
        }
        List<GroupOffset> offsets = new ArrayList<>();
        for (JsonNode offset : Wire.array(answer, "offsets")) {
            offsets.add(new GroupOffset(
                    Wire.text(offset, "topic"),
                    Wire.integer(offset, "partition"),
                    Wire.number(offset, "committed"),
                    Wire.number(offset, "end"),
                    Wire.number(offset, "lag"),
                    Wire.number(offset, "lagMs"),
                    offset.hasNonNull("metadata") ? Wire.text(offset, "metadata") : null));
        }
        return new GroupDescription(
                Wire.text(answer, "group"),
                Wire.text(answer, "state"),
                Wire.number(answer, "generation"),
                members,
                offsets);
    }
}
