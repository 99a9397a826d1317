package io.levada.kafka;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.levada.Delivery;
import io.levada.ErrorCode;
import io.levada.Levada;
import io.levada.LevadaException;
import io.levada.LevadaOptions;
import io.levada.Position;
import io.levada.ReadSpec;
import io.levada.Record;
import io.levada.StoredRecord;
import io.levada.TopicSpec;
import io.levada.testgate.KafkaCluster;
import io.levada.testkit.Probe;
import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ScramCredentialInfo;
import org.apache.kafka.clients.admin.ScramMechanism;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.admin.UserScramCredentialUpsertion;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.acl.AccessControlEntry;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.acl.AclPermissionType;
import org.apache.kafka.common.message.FetchResponseData.PartitionData;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.resource.PatternType;
import org.apache.kafka.common.resource.ResourcePattern;
import org.apache.kafka.common.resource.ResourceType;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Flux;

/** Brokers that want TLS, and to know who asks, and that do not let everybody do everything. */
@Tag("long")
final class BrokerSecurityTest {
    private static final Duration PATIENCE = Duration.ofSeconds(10);
    private static final String USER = "alice";
    private static final String PASSWORD = "correct-horse-battery";

    /** Well below what Kafka's clients take to give up: an answer, not a time that has run out. */
    private static final Duration SOON = Duration.ofSeconds(8);

    @TempDir
    private static Path directory = Path.of("");

    private static final AtomicInteger FILES = new AtomicInteger();

    private static KafkaCluster cluster;
    private static Admin root;
    private static Path trusted;
    private static Path untrusted;

    @BeforeAll
    static void startCluster() throws Exception {
        X509Bundle authority = authority();
        trusted = write("ca.pem", authority.getRootCertificatePEM());
        untrusted = write("other-ca.pem", authority().getRootCertificatePEM());
        X509Bundle broker = new CertificateBuilder()
                .ecp256()
                .subject("CN=broker")
                .addSanIpAddress("127.0.0.1")
                .buildIssuedBy(authority);
        Path store = write("broker.pem", broker.getPrivateKeyPEM() + "\n" + broker.getCertificatePathPEM());
        String listener = "listener.name.sasl_ssl.";
        cluster = KafkaCluster.start(
                directory.resolve("brokers"),
                1,
                Map.of(
                        listener + "ssl.keystore.type",
                        "PEM",
                        listener + "ssl.keystore.location",
                        store.toString(),
                        listener + "sasl.enabled.mechanisms",
                        "SCRAM-SHA-512,OAUTHBEARER",
                        listener + "scram-sha-512.sasl.jaas.config",
                        "org.apache.kafka.common.security.scram.ScramLoginModule required;",
                        listener + "oauthbearer.sasl.jaas.config",
                        "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required"
                                + " unsecuredLoginStringClaim_sub=\"broker\";",
                        "authorizer.class.name",
                        "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
                        "super.users",
                        "User:ANONYMOUS",
                        "allow.everyone.if.no.acl.found",
                        "true"));
        root = Admin.create(Map.of("bootstrap.servers", cluster.bootstrap()));
        root.alterUserScramCredentials(List.of(new UserScramCredentialUpsertion(
                        USER, new ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096), PASSWORD)))
                .all()
                .get();
    }

    @AfterAll
    static void endCluster() {
        root.close(Duration.ofSeconds(1));
        cluster.close();
    }

    private static X509Bundle authority() throws Exception {
        return new CertificateBuilder()
                .ecp256()
                .subject("CN=authority " + FILES.incrementAndGet())
                .setIsCertificateAuthority(true)
                .setKeyUsage(true, CertificateBuilder.KeyUsage.keyCertSign)
                .buildSelfSigned();
    }

    private static Path write(String name, String text) {
        try {
            return Files.writeString(directory.resolve(name), text);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private static String address(String... lines) {
        Path file = write("client-" + FILES.incrementAndGet() + ".properties", String.join("\n", lines) + "\n");
        return "kafka://" + cluster.secureBootstrap() + "?properties=" + file;
    }

    /** @param password as it stands in the file */
    private static String scram(String password, Path trust, String... more) {
        List<String> lines = new ArrayList<>(List.of(
                "security.protocol=SASL_SSL",
                "ssl.truststore.type=PEM",
                "ssl.truststore.location=" + trust,
                "sasl.mechanism=SCRAM-SHA-512",
                "sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required username=\"" + USER
                        + "\" password=\"" + password + "\";"));
        lines.addAll(List.of(more));
        return address(lines.toArray(String[]::new));
    }

    /** The password in a file of its own, among other lines. */
    private static String passwordInFile(Path secrets) {
        return scram(
                "${secrets:" + secrets + ":password}",
                trusted,
                "config.providers=secrets",
                "config.providers.secrets.class=org.apache.kafka.common.config.provider.FileConfigProvider");
    }

    private static Levada open(String address) {
        return Levada.open(address, LevadaOptions.defaults());
    }

    private static String topic() {
        String name = "s-" + UUID.randomUUID();
        try (Levada log = open("kafka://" + cluster.bootstrap())) {
            log.topics().create(TopicSpec.of(name)).block(PATIENCE);
        }
        return name;
    }

    private static void worksOver(String address) {
        String topic = topic();
        try (Levada log = open(address)) {
            log.publish(topic, Flux.just(Record.ofValue("a"), Record.ofValue("b")))
                    .collectList()
                    .block(PATIENCE);
            Probe<StoredRecord> live = Probe.all(log.read(ReadSpec.of(topic).from(Position.earliest())));
            live.await(2);
            Probe<Delivery> member = Probe.all(log.group("g-" + topic).receive(topic));
            member.await(2).get(1).ack();
            log.publish(topic, Record.ofValue("c")).block(PATIENCE);
            assertEquals(3, live.await(3).size());
            assertEquals(3, member.await(3).size());
            live.cancel();
            member.cancel();
        }
        assertEquals(3, fetched(address, topic));
    }

    /** How many records are got from the leader as they are stored. */
    private static int fetched(String address, String topic) {
        ClusterClients clients = new ClusterClients(ClusterAddress.parse(address), ClusterConfig.defaults());
        try (Admin admin = clients.admin();
                FetchClient client = clients.fetcher("test", 1 << 20)) {
            TopicDescription description = admin.describeTopics(List.of(topic))
                    .allTopicNames()
                    .get()
                    .values()
                    .iterator()
                    .next();
            ClusterPartition.Leader leader =
                    new ClusterPartition.Leader(description.partitions().get(0).leader(), description.topicId());
            PartitionData data = client.fetch(leader, new TopicPartition(topic, 0), 0);
            int records = 0;
            for (var batch : ((MemoryRecords) data.records()).batches()) {
                records += batch.countOrNull();
            }
            return records;
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    // Who asks.

    @Test
    void a_password_in_a_file_of_its_own_lets_publish_read_and_consume() {
        worksOver(passwordInFile(write("secrets.properties", "other=1\npassword=" + PASSWORD + "\n")));
    }

    @Test
    void a_password_may_be_all_of_a_file_in_a_directory() throws IOException {
        Path secrets = Files.createDirectories(directory.resolve("secrets"));
        Files.writeString(secrets.resolve("kafka-password"), PASSWORD);
        worksOver(scram(
                "${dir:" + secrets + ":kafka-password}",
                trusted,
                "config.providers=dir",
                "config.providers.dir.class=org.apache.kafka.common.config.provider.DirectoryConfigProvider",
                "config.providers.dir.param.allowed.paths=" + secrets));
    }

    @Test
    void a_bearer_token_lets_publish_read_and_consume() {
        worksOver(address(
                "security.protocol=SASL_SSL",
                "ssl.truststore.type=PEM",
                "ssl.truststore.location=" + trusted,
                "sasl.mechanism=OAUTHBEARER",
                "sasl.jaas.config=org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required"
                        + " unsecuredLoginStringClaim_sub=\"" + USER + "\";"));
    }

    @Test
    void a_wrong_password_is_said_at_once_and_told_nobody() {
        String wrong = "wrong-" + UUID.randomUUID();
        LevadaException error = refused(scram(wrong, trusted), wrong);
        assertEquals(ErrorCode.CLUSTER_AUTHORIZATION_FAILED, error.code(), error.line());
        assertTrue(error.line().contains("sasl.jaas.config"), error.line());
    }

    @Test
    void brokers_with_another_certificate_are_not_spoken_to() {
        LevadaException error = refused(scram(PASSWORD, untrusted), PASSWORD);
        assertEquals(ErrorCode.UNTRUSTED_CERTIFICATE, error.code(), error.line());
        assertTrue(error.line().contains("ssl.truststore.location"), error.line());
    }

    @Test
    void a_file_that_is_not_there_is_named() {
        for (String address : List.of(
                "kafka://" + cluster.secureBootstrap() + "?properties=" + directory.resolve("none.properties"),
                scram(PASSWORD, directory.resolve("none.pem")),
                passwordInFile(directory.resolve("none.secret")))) {
            LevadaException error = refused(address, PASSWORD);
            assertTrue(
                    error.code() == ErrorCode.INVALID_CONFIG || error.code() == ErrorCode.INVALID_REQUEST,
                    error.line());
            assertTrue(error.line().contains("none."), error.line());
        }
    }

    /** To Kafka's clients, what is not found is as it is written. */
    @Test
    void a_secret_that_its_file_has_not_is_a_wrong_password() {
        LevadaException error = refused(passwordInFile(write("empty.properties", "")), PASSWORD);
        assertEquals(ErrorCode.CLUSTER_AUTHORIZATION_FAILED, error.code(), error.line());
    }

    @Test
    void a_setting_that_kafka_does_not_take_is_named() {
        LevadaException error = refused(scram(PASSWORD, trusted, "security.protocol=SASL_SLS"), PASSWORD);
        assertEquals(ErrorCode.INVALID_CONFIG, error.code(), error.line());
        assertTrue(error.line().contains("security.protocol"), error.line());
        LevadaException unended = refused(scram(PASSWORD + "\"; \"", trusted), PASSWORD);
        assertEquals(ErrorCode.INVALID_CONFIG, unended.code(), unended.line());
        assertTrue(unended.line().contains("JAAS"), unended.line());
    }

    /** One error, soon, that says what to do and not the secret, which is not logged either. */
    private static LevadaException refused(String address, String secret) {
        Logger logger = (Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
        ListAppender<ILoggingEvent> logged = new ListAppender<>();
        logged.start();
        logger.addAppender(logged);
        long since = System.nanoTime();
        LevadaException error;
        try {
            error = assertThrows(LevadaException.class, () -> open(address).close());
        } finally {
            logger.detachAppender(logged);
        }
        Duration took = Duration.ofNanos(System.nanoTime() - since);
        assertTrue(took.compareTo(SOON) < 0, "after " + took + ": " + error.line());
        assertEquals(List.of(), logged.list);
        StringWriter all = new StringWriter();
        error.printStackTrace(new PrintWriter(all));
        assertFalse(all.toString().contains(secret), all.toString());
        return error;
    }

    // Who may do what.

    @Test
    void what_is_denied_says_so_and_readers_of_other_topics_go_on() throws Exception {
        String open = topic();
        String denied = topic();
        String group = "g-" + denied;
        try (Levada log = open(passwordInFile(write("acl.properties", "password=" + PASSWORD)))) {
            Probe<StoredRecord> other = Probe.all(log.read(ReadSpec.of(open).from(Position.earliest())));
            Probe<StoredRecord> reader = Probe.all(log.read(ReadSpec.of(denied).from(Position.earliest())));
            Probe<Delivery> member = Probe.all(log.group(group).receive(denied));
            log.publish(open, Record.ofValue("a")).block(PATIENCE);
            log.publish(denied, Record.ofValue("a")).block(PATIENCE);
            other.await(1);
            reader.await(1);
            member.await(1);
            deny(denied, AclOperation.ALL);
            reader.awaitError(ErrorCode.TOPIC_AUTHORIZATION_FAILED);
            member.awaitError(ErrorCode.TOPIC_AUTHORIZATION_FAILED);
            Probe.all(log.publish(denied, Flux.just(Record.ofValue("b"))))
                    .awaitError(ErrorCode.TOPIC_AUTHORIZATION_FAILED);
            Probe.all(log.read(ReadSpec.of(denied).from(Position.earliest())))
                    .awaitError(ErrorCode.TOPIC_AUTHORIZATION_FAILED);
            Probe.all(log.group(group).receive(denied)).awaitError(ErrorCode.TOPIC_AUTHORIZATION_FAILED);
            log.publish(open, Record.ofValue("b")).block(PATIENCE);
            assertEquals("b", other.await(2).get(1).valueUtf8());
            Probe<StoredRecord> anew = Probe.all(log.read(ReadSpec.of(open).from(Position.earliest())));
            assertEquals("a", anew.await(2).get(0).valueUtf8());
            other.cancel();
            anew.cancel();
        }
    }

    @Test
    void one_who_may_only_write_does_not_read_and_one_who_may_only_read_does_not_write() throws Exception {
        String readOnly = topic();
        String writeOnly = topic();
        try (Levada all = open("kafka://" + cluster.bootstrap())) {
            all.publish(readOnly, Record.ofValue("a")).block(PATIENCE);
            all.publish(writeOnly, Record.ofValue("a")).block(PATIENCE);
        }
        deny(readOnly, AclOperation.WRITE);
        deny(writeOnly, AclOperation.READ);
        try (Levada log = open(scram(PASSWORD, trusted))) {
            Probe<StoredRecord> live = Probe.all(log.read(ReadSpec.of(readOnly).from(Position.earliest())));
            live.await(1);
            Probe.all(log.publish(readOnly, Flux.just(Record.ofValue("b"))))
                    .awaitError(ErrorCode.TOPIC_AUTHORIZATION_FAILED);
            log.publish(writeOnly, Record.ofValue("b")).block(PATIENCE);
            Probe.all(log.read(ReadSpec.of(writeOnly).from(Position.earliest())))
                    .awaitError(ErrorCode.TOPIC_AUTHORIZATION_FAILED);
            Probe.all(log.read(ReadSpec.of(writeOnly).from(Position.latest())))
                    .awaitError(ErrorCode.TOPIC_AUTHORIZATION_FAILED);
            Probe.all(log.group("g-" + writeOnly).receive(writeOnly)).awaitError(ErrorCode.TOPIC_AUTHORIZATION_FAILED);
            try (Levada all = open("kafka://" + cluster.bootstrap())) {
                all.publish(readOnly, Record.ofValue("c")).block(PATIENCE);
            }
            assertEquals("c", live.await(2).get(1).valueUtf8());
            live.cancel();
        }
    }

    @Test
    void a_group_that_is_denied_says_so() throws Exception {
        String topic = topic();
        String group = "g-" + topic;
        acl(ResourceType.GROUP, group, AclOperation.READ, AclPermissionType.DENY);
        try (Levada log = open(scram(PASSWORD, trusted))) {
            Probe.all(log.group(group).receive(topic)).awaitError(ErrorCode.GROUP_AUTHORIZATION_FAILED);
            Probe<Delivery> other = Probe.all(log.group("other-" + group).receive(topic));
            log.publish(topic, Record.ofValue("a")).block(PATIENCE);
            other.await(1);
            other.cancel();
        }
    }

    /** Denies one thing, and allows the rest. */
    private static void deny(String topic, AclOperation operation) throws Exception {
        acl(ResourceType.TOPIC, topic, AclOperation.ALL, AclPermissionType.ALLOW);
        acl(ResourceType.TOPIC, topic, operation, AclPermissionType.DENY);
    }

    private static void acl(ResourceType type, String name, AclOperation operation, AclPermissionType permission)
            throws Exception {
        root.createAcls(List.of(new AclBinding(
                        new ResourcePattern(type, name, PatternType.LITERAL),
                        new AccessControlEntry("User:" + USER, "*", operation, permission))))
                .all()
                .get();
    }
}
