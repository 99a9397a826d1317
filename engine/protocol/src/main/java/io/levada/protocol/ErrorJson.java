package io.levada.protocol;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.levada.ErrorCode;
import io.levada.LevadaException;

/**
 * The one form that errors have on every wire: {@code {"error":{"code":"...","message":"...","retriable":false}}}.
 * Stateless.
 */
public final class ErrorJson {
    private static final ObjectMapper JSON = new ObjectMapper();

    private ErrorJson() {}

    /** Any error; what is not Levada's own becomes {@code UNKNOWN_SERVER_ERROR}. */
    public static String toJson(Throwable error) {
        LevadaException ours = LevadaException.of(error);
        ObjectNode root = JSON.createObjectNode();
        root.putObject("error")
                .put("code", ours.code().name())
                .put("message", String.valueOf(ours.getMessage()))
                .put("retriable", ours.retriable());
        return root.toString();
    }

    /**
     * The error of such a text. A code from a newer version, and a text in any other form, become {@code
     * UNKNOWN_SERVER_ERROR} with all that was said in the message; never fails.
     */
    public static LevadaException fromJson(String json) {
        String code;
        String message;
        try {
            JsonNode error = JSON.readTree(json).path("error");
            code = error.path("code").asText();
            message = error.path("message").asText();
        } catch (JsonProcessingException e) {
            return new LevadaException(ErrorCode.UNKNOWN_SERVER_ERROR, json, e);
        }
        for (ErrorCode known : ErrorCode.values()) {
            if (known.name().equals(code)) {
                return new LevadaException(known, message);
            }
        }
        return new LevadaException(ErrorCode.UNKNOWN_SERVER_ERROR, code.isEmpty() ? json : code + ": " + message);
    }
}
