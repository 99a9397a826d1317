package io.levada.gateway;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.ErrorCode;
import io.levada.TopicPartition;
import io.levada.facade.EngineHealth;
import io.levada.facade.EngineHealth.Problem;
import io.levada.protocol.Message;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** What health and readiness say of an engine, and of a server that stops. */
final class ProbesTest {
    private static final Problem DAMAGE = new Problem(
            new TopicPartition("t", 3), ErrorCode.CORRUPT_MESSAGE, "offsets 5 to 7: x.log is damaged there");

    private final FakeEngine engine = new FakeEngine();
    private boolean serving = true;
    private long nanos;
    private final Probes probes = new Probes(engine, true, () -> serving, () -> nanos);

    private void become(EngineHealth health) {
        engine.health = health;
        nanos += TimeUnit.SECONDS.toNanos(2);
    }

    @Test
    void a_sound_engine_is_live_and_ready() {
        assertEquals(new Probes.Answer(200, "{\"status\":\"ok\"}"), probes.live());
        assertEquals(new Probes.Answer(200, "{\"status\":\"ok\"}"), probes.ready());
    }

    @Test
    void damage_is_told_and_serving_goes_on() {
        become(new EngineHealth(null, List.of(DAMAGE), 25, true, 0));
        Probes.Answer told = new Probes.Answer(
                200,
                "{\"status\":\"degraded\",\"problems\":{\"count\":25,\"some\":[{\"topic\":\"t\",\"partition\":3,"
                        + "\"code\":\"CORRUPT_MESSAGE\",\"what\":\"offsets 5 to 7: x.log is damaged there\"}]}}");
        assertEquals(told, probes.live());
        assertEquals(told, probes.ready());
    }

    @Test
    void names_are_for_those_who_may_know_them() {
        Probes anybody = new Probes(engine, false, () -> serving, () -> nanos);
        become(new EngineHealth(null, List.of(DAMAGE), 25, true, 0));

        assertEquals(new Probes.Answer(200, "{\"status\":\"degraded\",\"problems\":{\"count\":25}}"), anybody.live());
    }

    @Test
    void who_can_publish_nothing_is_live_and_not_ready() {
        become(new EngineHealth(ErrorCode.STORAGE_FULL, List.of(), 0, true, 0));
        String told = "{\"status\":\"degraded\",\"publishing\":\"STORAGE_FULL\"}";
        assertEquals(new Probes.Answer(200, told), probes.live());
        assertEquals(new Probes.Answer(503, told), probes.ready());

        become(EngineHealth.SOUND);
        assertEquals(200, probes.ready().status(), "it mends by itself");
    }

    @Test
    void however_often_somebody_asks_the_engine_is_looked_at_once_a_second() {
        probes.live();
        engine.health = new EngineHealth(ErrorCode.STORAGE_FULL, List.of(), 0, true, 0);
        assertEquals(200, probes.ready().status());
        nanos += TimeUnit.SECONDS.toNanos(2);
        assertEquals(503, probes.ready().status());
    }

    @Test
    void a_server_that_stops_says_so_for_as_long_as_it_takes_and_takes_nothing_new() throws Exception {
        GatewayServer server = Servers.start(engine);
        try (RawClient client = RawClient.tcp(server)) {
            RawClient.Channel publishing =
                    client.channel("publish", new Message.Open("{\"topic\":\"t\"}"), Long.MAX_VALUE);
            FakeEngine.FakeWriter writer = Await.next("a writer", engine.writers);
            publishing.send(new Message.Batch(0, 0, Batches.of(0, "a")));
            Await.next("a batch", writer.written);
            assertEquals(200, get(server, "/readyz").statusCode());

            Thread stopping = new Thread(server::close);
            stopping.start();
            Await.until("the writer is to end", writer.completed::get);
            HttpResponse<String> ready = get(server, "/readyz");
            assertEquals(503, ready.statusCode());
            assertEquals("{\"status\":\"stopping\"}", ready.body());
            assertEquals(200, get(server, "/healthz").statusCode());
            HttpResponse<String> page = get(server, "/");
            assertEquals(503, page.statusCode());
            assertTrue(page.body().contains("\"GOING_AWAY\""), page.body());

            writer.sink.onAck(0, 9);
            writer.sink.onComplete();
            Await.until("stopped", () -> !stopping.isAlive());
            assertFalse(answers(server), "nobody is there any more");
        }
    }

    private static HttpResponse<String> get(GatewayServer server, String path) throws Exception {
        URI uri = URI.create("http://127.0.0.1:" + server.httpAddress().getPort() + path);
        return HttpClient.newHttpClient().send(HttpRequest.newBuilder(uri).build(), BodyHandlers.ofString());
    }

    private static boolean answers(GatewayServer server) throws Exception {
        try {
            get(server, "/readyz");
            return true;
        } catch (IOException e) {
            return false;
        }
    }
}
