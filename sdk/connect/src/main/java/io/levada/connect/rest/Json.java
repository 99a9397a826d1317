package io.levada.connect.rest;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import org.apache.kafka.connect.runtime.rest.errors.BadRequestException;
import org.jspecify.annotations.Nullable;

/** Bodies as JSON: Jackson as it comes, which is how Kafka Connect's entities are made to be written. */
final class Json {
    private static final ObjectMapper MAPPER =
            new ObjectMapper().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

    private Json() {}

    static byte[] write(Object body) {
        try {
            return MAPPER.writeValueAsBytes(body);
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(e);
        }
    }

    static <T> T read(byte[] body, TypeReference<T> type) {
        if (body.length == 0) {
            throw new BadRequestException("The request has no body; send one in JSON");
        }
        @Nullable T value;
        try {
            value = MAPPER.readValue(body, type);
        } catch (JsonProcessingException e) {
            throw new BadRequestException("The body is not the JSON that is wanted here: " + e.getOriginalMessage(), e);
        } catch (IOException e) {
            throw new BadRequestException("The body is not JSON: " + e.getMessage(), e);
        }
        if (value == null) {
            throw new BadRequestException("The body is null; send an object in JSON");
        }
        return value;
    }
}
