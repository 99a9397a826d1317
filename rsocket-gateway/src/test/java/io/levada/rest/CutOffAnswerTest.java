package io.levada.rest;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.levada.engine.EmbeddedEngine;
import io.levada.facade.Engine;
import io.levada.gateway.Await;
import io.levada.wire.OutboundPool;
import io.micrometer.observation.ObservationRegistry;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import reactor.core.publisher.Flux;
import reactor.netty.Connection;
import reactor.netty.DisposableServer;
import reactor.netty.http.server.HttpServer;

/** What becomes of the text of an answer whose client is gone. */
@Timeout(60)
class CutOffAnswerTest {
    private final UnpooledByteBufAllocator allocator = new UnpooledByteBufAllocator(false);

    private ByteBuf text() {
        return allocator.buffer().writeBytes("text\n".getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void what_was_to_be_sent_is_given_back_wherever_it_is() throws Exception {
        Engine engine = EmbeddedEngine.open("memory:");
        List<Integer> served = new ArrayList<>();
        DisposableServer server = HttpServer.create()
                .host("127.0.0.1")
                .port(0)
                .handle((request, response) -> {
                    Exchange exchange = new Exchange(
                            request,
                            response,
                            new Caller("anybody", engine),
                            ObservationRegistry.NOOP,
                            channel -> HttpOutbound.of(
                                    channel, new OutboundPool(1 << 20), ConcurrentHashMap.newKeySet(), 1 << 20));
                    // The client goes when the first is there, and before anything is sent.
                    Flux<ByteBuf> texts = Flux.range(0, 3)
                            .map(number -> text())
                            .doOnNext(first -> request.withConnection(Connection::dispose));
                    served.add(1);
                    return exchange.stream("text/plain", texts);
                })
                .bindNow();
        try (RawHttp http = new RawHttp(server.port())) {
            http.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
            http.rest();
        } finally {
            server.disposeNow();
            engine.close();
        }
        assertEquals(List.of(1), served);
        Await.until("all is given back", () -> allocator.metric().usedHeapMemory() == 0);
    }
}
