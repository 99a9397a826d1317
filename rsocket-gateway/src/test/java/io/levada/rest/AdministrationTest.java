package io.levada.rest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.rest.RestServer.Answer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Topics and groups over HTTP. */
@Timeout(60)
final class AdministrationTest {
    private static final String JSON = RestServer.JSON;
    private final RestServer server = RestServer.start();

    @AfterEach
    void stop() {
        server.close();
    }

    @Test
    void a_topic_is_created_described_changed_listed_and_deleted() {
        Answer created =
                server.post("/v1/topics", JSON, "{\"name\":\"t\",\"partitions\":2,\"config\":{\"retention.ms\":1000}}");
        assertEquals(201, created.status(), created.text());
        assertEquals("/v1/topics/t", created.header("Location"));
        assertEquals(2, created.json().path("partitions").size());
        assertEquals(created.text(), server.get("/v1/topics/t").text());
        assertEquals("{\"topics\":[\"t\"]}", server.get("/v1/topics").text());

        Answer changed =
                server.send("PATCH", "/v1/topics/t", JSON, "{\"partitions\":3,\"config\":{\"retention.ms\":\"2000\"}}");
        assertEquals(200, changed.status(), changed.text());
        assertEquals(3, changed.json().path("partitions").size());
        assertEquals("2000", changed.json().path("config").path("retention.ms").asText());

        assertEquals(204, server.send("DELETE", "/v1/topics/t", JSON, "").status());
        assertEquals(404, server.get("/v1/topics/t").status());
        assertEquals("{\"topics\":[]}", server.get("/v1/topics").text());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "POST; /v1/topics; {\"name\":\"there\"}; 409; TOPIC_ALREADY_EXISTS",
                "POST; /v1/topics; {\"name\":\"no/name\"}; 400; INVALID_TOPIC_EXCEPTION",
                "POST; /v1/topics; {\"name\":\"x\",\"partitions\":0}; 400; INVALID_PARTITIONS",
                "POST; /v1/topics; {\"name\":\"x\",\"replicationFactor\":3}; 400; INVALID_REPLICATION_FACTOR",
                "POST; /v1/topics; {\"name\":\"x\",\"config\":{\"retention\":\"1\"}}; 400; INVALID_CONFIG",
                "POST; /v1/topics; {\"nmae\":\"x\"}; 400; INVALID_REQUEST",
                "POST; /v1/topics; []; 400; INVALID_REQUEST",
                "PATCH; /v1/topics/there; {\"partitions\":0}; 400; INVALID_PARTITIONS",
                "PATCH; /v1/topics/nope; {\"partitions\":2}; 404; UNKNOWN_TOPIC_OR_PARTITION",
                "DELETE; /v1/topics/nope; ''; 404; UNKNOWN_TOPIC_OR_PARTITION",
                "GET; /v1/groups/nope; ''; 404; GROUP_ID_NOT_FOUND",
                "DELETE; /v1/groups/nope; ''; 404; GROUP_ID_NOT_FOUND",
                "POST; /v1/groups/nope:reset; {\"topic\":\"there\",\"to\":\"earliest\"}; 404; GROUP_ID_NOT_FOUND",
                "POST; /v1/groups/nope:reset; {\"topic\":\"there\",\"to\":\"start\"}; 400; INVALID_REQUEST",
                "PUT; /v1/topics/there; ''; 405; INVALID_REQUEST",
                "GET; /v1/groups/g:reset; ''; 405; INVALID_REQUEST",
                "GET; /v1/; ''; 404; INVALID_REQUEST",
                "GET; /v1/topics/nope/offsets; ''; 404; UNKNOWN_TOPIC_OR_PARTITION",
                "GET; /v1/topics/there/offsets?partition=9; ''; 404; UNKNOWN_TOPIC_OR_PARTITION",
                "GET; /v1/topics/there/offsets?at=offset:7; ''; 410; OFFSET_OUT_OF_RANGE",
                "GET; /v1/topics/there/offsets?at=committed; ''; 400; INVALID_REQUEST",
                "GET; /v1/topics/there/offsets?at=noon; ''; 400; INVALID_REQUEST",
                "POST; /v1/topics/there/offsets; ''; 405; INVALID_REQUEST",
                "GET; /v1/topics/there?x=1; ''; 400; INVALID_REQUEST",
                "GET; /v1/topics/%zz; ''; 400; INVALID_REQUEST"
            })
    void what_cannot_be_is_refused(String method, String path, String body, int status, String code) throws Exception {
        server.createTopic("there", 1);
        try (RawHttp http = new RawHttp(server.port())) {
            http.send(method + " " + path + " HTTP/1.1\r\nHost: 127.0.0.1:" + server.port()
                    + "\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: " + body.length()
                    + "\r\n\r\n" + body);
            String answer = http.rest();

            assertTrue(answer.startsWith("HTTP/1.1 " + status), answer);
            assertTrue(answer.contains("\"code\":\"" + code + "\""), answer);
        }
    }

    @Test
    void a_connection_serves_one_request_after_the_other_also_behind_refused_ones() throws Exception {
        server.createTopic("t", 1);
        try (RawHttp http = new RawHttp(server.port())) {
            for (int i = 0; i < 5; i++) {
                http.send("POST /v1/topics/nope/records HTTP/1.1\r\nHost: 127.0.0.1:" + server.port()
                        + "\r\nContent-Type: application/json\r\nContent-Length: 13\r\n\r\n{\"value\":\"x\"}");
                http.lineWith("404");
                http.send("GET /v1/topics HTTP/1.1\r\nHost: 127.0.0.1:" + server.port() + "\r\n\r\n");
                http.lineWith("200");
            }
        }
    }
}
