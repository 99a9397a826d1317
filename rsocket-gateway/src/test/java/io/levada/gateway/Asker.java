package io.levada.gateway;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import org.jspecify.annotations.Nullable;

/** A client of one transport that asks for things; how each transport takes part in what is tried for all of them. */
interface Asker extends AutoCloseable {
    String DONE = "done";

    /** What came of it: {@link #DONE}, what a list holds, or an error's code; null where the transport has no such thing. */
    @Nullable
    String ask(Act act);

    @Override
    void close();

    /** The code in an error's JSON. */
    static String code(String error) {
        try {
            return new ObjectMapper().readTree(error).path("error").path("code").asText();
        } catch (JsonProcessingException e) {
            throw new AssertionError("no error of ours: " + error, e);
        }
    }

    /** How clients are made. */
    interface Transport {
        /**
         * A client that is connected, or is found not to be with the first thing it asks.
         *
         * @param token what it presents, or null for nothing
         */
        Asker connect(GatewayServer server, @Nullable String token);
    }
}
