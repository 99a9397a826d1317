package io.levada.rest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.gateway.GatewayConfig;
import io.levada.gateway.GatewayServer;
import io.levada.rest.RestServer.Answer;
import java.net.URI;
import java.net.http.HttpRequest;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Claims at two gateways in front of the same log. */
@Timeout(60)
final class ClaimOwnerTest {
    private static final GatewayConfig CONFIG =
            GatewayConfig.defaults().withPorts(0, 0).withAdvertised("127.0.0.1:0");

    private final RestServer one = RestServer.start("memory:", CONFIG);
    private final GatewayServer other = GatewayServer.start(one.engine(), CONFIG);

    @BeforeEach
    void publish() {
        one.createTopic("t", 1);
        one.post("/v1/topics/t/records", "application/x-ndjson", "{\"value\":\"a\"}");
    }

    @AfterEach
    void stop() {
        other.close();
        one.close();
    }

    private String claim() {
        Answer answer = one.post("/v1/groups/g/claims", RestServer.JSON, "{\"topics\":[\"t\"],\"wait\":\"10s\"}");
        assertEquals(1, answer.json().path("records").size(), answer.text());
        return answer.json().path("claim").asText();
    }

    private Answer endElsewhere(String claim, String how) {
        URI uri = URI.create("http://127.0.0.1:" + other.httpAddress().getPort() + "/v1/claims/" + claim + ":" + how);
        return one.send(HttpRequest.newBuilder(uri)
                .header("Content-Type", RestServer.JSON)
                .POST(HttpRequest.BodyPublishers.ofString(how.equals("extend") ? "{\"lease\":\"30s\"}" : "")));
    }

    @Test
    void another_gateway_says_where_a_claim_is_ended_and_leaves_it_alone() {
        String claim = claim();
        for (String how : List.of("ack", "release", "extend")) {
            Answer refused = endElsewhere(claim, how);
            assertEquals(409, refused.status(), refused.text());
            assertEquals("NOT_CLAIM_OWNER", refused.code());
            assertTrue(refused.text().contains("127.0.0.1:" + one.port()), refused.text());
        }
        assertEquals(
                204,
                one.post("/v1/claims/" + claim + ":ack", RestServer.JSON, "").status());
    }

    @Test
    void claims_of_ones_own_that_are_not_known_stay_as_they_are() {
        String claim = claim();
        String unknown = "A".repeat(22) + claim.substring(22);
        assertEquals(
                "CLAIM_EXPIRED",
                one.post("/v1/claims/" + unknown + ":ack", RestServer.JSON, "").code());
        assertEquals("NOT_CLAIM_OWNER", endElsewhere(unknown, "ack").code());
        assertEquals("CLAIM_EXPIRED", endElsewhere("A".repeat(22), "ack").code());
        assertEquals(204, endElsewhere("none", "ack").status());
    }
}
