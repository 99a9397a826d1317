package io.levada.gateway;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.levada.Ack;
import io.levada.ErrorCode;
import io.levada.Levada;
import io.levada.LevadaException;
import io.levada.LevadaOptions;
import io.levada.Position;
import io.levada.Record;
import io.levada.RecordJson;
import io.levada.TopicDescription;
import io.levada.facade.Engine;
import io.levada.facade.EngineLevada;
import io.levada.wire.DescriptionJson;
import io.levada.wire.Json;
import io.levada.wire.TopicRequests;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** The routes with one answer: JSON in, JSON out. Safe for any thread. */
final class RequestRoutes {
    private static final int MAX_RECORDS = 10_000;

    private final Engine engine;
    private final Levada levada;

    RequestRoutes(Engine engine) {
        this.engine = engine;
        this.levada = new EngineLevada("gateway:", engine, LevadaOptions.defaults());
    }

    /** The answer; the data is borrowed, and read before this returns. May fail at once, or later. */
    Mono<ByteBuf> answer(Route route, ByteBuf data) {
        if (route == Route.PUBLISH) {
            return publish(data).map(Json::encode);
        }
        return answer(route, Json.read(route.spelled(), data)).map(Json::encode);
    }

    private Mono<ObjectNode> answer(Route route, Json wanted) {
        return switch (route) {
            case TOPICS_LIST -> names("topics", wanted, engine.topics().list());
            case TOPICS_DESCRIBE ->
                engine.topics().describe(wanted.only("name").text("name")).map(DescriptionJson::of);
            case TOPICS_CREATE ->
                engine.topics().create(TopicRequests.spec(wanted)).map(DescriptionJson::of);
            case TOPICS_ALTER -> alter(wanted).map(DescriptionJson::of);
            case TOPICS_DELETE_RECORDS -> {
                wanted.only("name", "partition", "beforeOffset");
                yield engine.topics()
                        .deleteRecords(
                                wanted.text("name"), wanted.smallNumber("partition"), wanted.number("beforeOffset"))
                        .map(start -> Json.object().put("start", start.longValue()));
            }
            case TOPICS_DELETE ->
                engine.topics().delete(wanted.only("name").text("name")).thenReturn(Json.object());
            case GROUPS_LIST -> names("groups", wanted, engine.groups().list());
            case GROUPS_DESCRIBE ->
                engine.groups().describe(wanted.only("group").text("group")).map(DescriptionJson::of);
            case GROUPS_RESET -> {
                wanted.only("group", "topic", "partition", "to");
                yield engine.groups()
                        .reset(
                                wanted.text("group"),
                                wanted.text("topic"),
                                wanted.integerOrNull("partition"),
                                Position.parse(wanted.text("to")))
                        .map(DescriptionJson::of);
            }
            case GROUPS_DELETE ->
                engine.groups().delete(wanted.only("group").text("group")).thenReturn(Json.object());
            case OFFSETS -> {
                wanted.only("topic", "partition", "at");
                String topic = wanted.text("topic");
                String at = wanted.textOrNull("at");
                yield engine.topics()
                        .offsets(
                                topic,
                                wanted.integerOrNull("partition"),
                                at == null ? Position.latest() : Position.parse(at))
                        .map(offsets -> DescriptionJson.of(topic, offsets));
            }
            case PRODUCERS_OPEN ->
                engine.openProducer(wanted.only("name").textOrNull("name")).map(opened -> Json.object()
                        .put("producerId", Long.toString(opened.id()))
                        .put("epoch", opened.epoch()));
            default -> throw new IllegalArgumentException(route + " has no single answer");
        };
    }

    private static Mono<ObjectNode> names(String field, Json wanted, Flux<String> names) {
        wanted.only();
        return names.collectList().map(list -> {
            ObjectNode answer = Json.object();
            list.forEach(answer.putArray(field)::add);
            return answer;
        });
    }

    private Mono<TopicDescription> alter(Json wanted) {
        wanted.only("name", "config", "partitions");
        return TopicRequests.alter(
                engine.topics(), wanted.text("name"), wanted.settings("config"), wanted.integerOrNull("partitions"));
    }

    private Mono<JsonNode> publish(ByteBuf data) {
        Publication publication = parse(data);
        return acks(publication).collectList().map(DescriptionJson::of);
    }

    private Flux<Ack> acks(Publication publication) {
        Flux<Record> records = Flux.fromIterable(publication.records);
        Integer partition = publication.partition;
        Long offset = publication.expectedOffset;
        if (partition == null && offset == null) {
            return levada.publish(publication.topic, records);
        } else if (partition != null && offset != null) {
            return levada.publishAt(publication.topic, partition, offset, records);
        }
        throw new LevadaException(
                ErrorCode.INVALID_REQUEST, "publish takes partition and expectedOffset together, or neither");
    }

    /** Records, and where the first is expected to come to stand, if that matters. */
    private record Publication(
            String topic,
            @Nullable Integer partition,
            @Nullable Long expectedOffset,
            List<Record> records) {}

    /** Read as a stream, since a record's numbers are to stay as they were written. */
    private static Publication parse(ByteBuf data) {
        String topic = null;
        Integer partition = null;
        Long expectedOffset = null;
        List<Record> records = new ArrayList<>();
        try (JsonParser in = Json.MAPPER.createParser((InputStream) new ByteBufInputStream(data))) {
            if (in.nextToken() != JsonToken.START_OBJECT) {
                throw publishTakes("");
            }
            while (in.nextToken() == JsonToken.FIELD_NAME) {
                String field = in.currentName();
                JsonToken value = in.nextToken();
                if (field.equals("topic") && value == JsonToken.VALUE_STRING) {
                    topic = in.getText();
                } else if (field.equals("partition") && value == JsonToken.VALUE_NUMBER_INT) {
                    partition = in.getIntValue();
                } else if (field.equals("expectedOffset") && value == JsonToken.VALUE_NUMBER_INT) {
                    expectedOffset = in.getLongValue();
                } else if (field.equals("records") && value == JsonToken.START_ARRAY) {
                    readRecords(in, records);
                } else {
                    throw publishTakes(", not this '" + field + "'");
                }
            }
        } catch (JsonProcessingException e) {
            throw new LevadaException(ErrorCode.INVALID_REQUEST, "publish: no JSON: " + e.getOriginalMessage(), e);
        } catch (IOException e) { // what begins like UTF-16 or UTF-32, and is not
            throw new LevadaException(ErrorCode.INVALID_REQUEST, "publish: no JSON: " + e.getMessage(), e);
        }
        return new Publication(required(topic), partition, expectedOffset, records);
    }

    private static void readRecords(JsonParser in, List<Record> records) throws IOException {
        while (in.nextToken() != JsonToken.END_ARRAY) {
            if (records.size() == MAX_RECORDS) {
                throw new LevadaException(
                        ErrorCode.MESSAGE_TOO_LARGE, "more than " + MAX_RECORDS + " records in one request");
            }
            records.add(RecordJson.read(in));
        }
    }

    private static String required(@Nullable String topic) {
        if (topic == null) {
            throw publishTakes("");
        }
        return topic;
    }

    private static LevadaException publishTakes(String what) {
        return new LevadaException(
                ErrorCode.INVALID_REQUEST,
                "publish takes {\"topic\", \"partition\", \"expectedOffset\", \"records\":[{\"key\", \"value\", \"headers\", \"partition\", \"timestamp\"}]}"
                        + what);
    }
}
