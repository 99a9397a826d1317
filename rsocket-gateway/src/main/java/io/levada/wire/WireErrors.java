package io.levada.wire;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.protocol.ErrorJson;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The one place where what went wrong becomes what a peer is told. Stateless. */
public final class WireErrors {
    private static final Logger LOG = LoggerFactory.getLogger(WireErrors.class);

    private WireErrors() {}

    /** The error as Levada's; one that is not Levada's is a defect of the server, and is logged as that. */
    public static LevadaException known(Throwable error) {
        if (error instanceof LevadaException ours) {
            return ours;
        }
        LOG.error("an error that no code stands for", error);
        return LevadaException.of(error);
    }

    /** What a peer is told that it is. */
    public static ErrorCode code(Throwable error) {
        return error instanceof LevadaException ours ? ours.code() : ErrorCode.UNKNOWN_SERVER_ERROR;
    }

    /** What stands behind {@code error} in JSON. */
    public static JsonNode object(Throwable error) {
        try {
            return Json.MAPPER.readTree(text(error)).path("error");
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("ErrorJson wrote no JSON", e);
        }
    }

    /** The error as JSON, for wherever an error stands beside other things. */
    public static String text(Throwable error) {
        return ErrorJson.toJson(known(error));
    }

    /** For RSocket's ERROR frame: code APPLICATION_ERROR, and {@link ErrorJson} as data. */
    public static Throwable forRSocket(Throwable error) {
        return error instanceof WireError ? error : new WireError(text(error));
    }

    /** rsocket-java sends the message of any exception that is not its own as data of an APPLICATION_ERROR. */
    private static final class WireError extends RuntimeException {
        private static final long serialVersionUID = 1L;

        WireError(String json) {
            super(json, null, false, false);
        }
    }
}
