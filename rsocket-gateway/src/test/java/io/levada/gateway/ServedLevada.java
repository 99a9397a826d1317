package io.levada.gateway;

import io.levada.Ack;
import io.levada.Group;
import io.levada.Groups;
import io.levada.Levada;
import io.levada.LevadaOptions;
import io.levada.ReadSpec;
import io.levada.Record;
import io.levada.StoredRecord;
import io.levada.Topics;
import io.levada.engine.EmbeddedEngine;
import java.time.Duration;
import java.util.function.Function;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** A client of a server of its own: an embedded engine, a gateway on free ports, and the address's way back to it. */
final class ServedLevada implements Levada {
    private final EmbeddedEngine engine;
    private final GatewayServer server;
    private final Levada client;

    private ServedLevada(
            String store, GatewayConfig config, Function<GatewayServer, String> address, LevadaOptions options) {
        engine = EmbeddedEngine.open(store);
        server = GatewayServer.start(engine, config);
        client = Levada.open(address.apply(server), options);
    }

    static Levada overTcp(String store, LevadaOptions options) {
        return new ServedLevada(
                store,
                Servers.config(),
                server -> "rsocket://127.0.0.1:" + server.tcpAddress().getPort(),
                options);
    }

    static Levada overWebSocket(String store, LevadaOptions options) {
        return new ServedLevada(
                store,
                Servers.config(),
                server -> "ws://127.0.0.1:" + server.httpAddress().getPort() + "/rsocket",
                options);
    }

    static Levada overTcpAndTls(Certificates certificates, LevadaOptions options) {
        return new ServedLevada(
                "memory:",
                Servers.config().withTls(certificates.server("server").tls()),
                server -> "rsockets://127.0.0.1:" + server.tcpAddress().getPort(),
                options.withTrustedCertificates(certificates.ca()));
    }

    static Levada overWebSocketAndTls(Certificates certificates, LevadaOptions options) {
        return new ServedLevada(
                "memory:",
                Servers.config().withTls(certificates.server("server").tls()),
                server -> "wss://127.0.0.1:" + server.httpAddress().getPort() + "/rsocket",
                options.withTrustedCertificates(certificates.ca()));
    }

    @Override
    public String address() {
        return client.address();
    }

    @Override
    public Topics topics() {
        return client.topics();
    }

    @Override
    public Groups groups() {
        return client.groups();
    }

    @Override
    public Flux<Ack> publish(String topic, Publisher<Record> records) {
        return client.publish(topic, records);
    }

    @Override
    public Flux<Ack> publishAt(String topic, int partition, long expectedOffset, Publisher<Record> records) {
        return client.publishAt(topic, partition, expectedOffset, records);
    }

    @Override
    public Flux<StoredRecord> read(ReadSpec spec) {
        return client.read(spec);
    }

    @Override
    public Group group(String name) {
        return client.group(name);
    }

    @Override
    public Mono<Void> closeGracefully(Duration limit) {
        return client.closeGracefully(limit);
    }

    @Override
    public void close() {
        client.close();
        server.close();
        engine.close();
    }
}
