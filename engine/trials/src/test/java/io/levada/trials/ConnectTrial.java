package io.levada.trials;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Isolated;

/**
 * From one database to another: Debezium's source and its JDBC sink, as they are published, between two databases of a real
 * PostgreSQL, while the worker, the server and PostgreSQL are killed in turn. At the end the tables are equal row for row, and of the
 * table there was one snapshot.
 */
@Tag("trial")
@Isolated("its processes take all the processor there is")
class ConnectTrial {
    private static final int ROWS = 100_000;
    private static final int CHANGES = 20_000;
    private static final int CHANGES_AT_ONCE = 100;
    private static final long PATIENCE_SECONDS = 240;
    private static final String COMPLETED = "Snapshot ended with SnapshotResult [status=COMPLETED";
    private static final String BEGUN = "Snapshot step 1 - Preparing";
    private static final String TABLE_HASH =
            "select count(*) || ' ' || coalesce(md5(string_agg(id || '|' || name || '|' || coalesce(spent::text, '-'), ',' order by id)), '')"
                    + " from customers";

    @TempDir
    private Path directory = Path.of("");

    private final Random random = new Random();

    /** Who is killed. */
    private enum Victim {
        WORKER,
        SERVER,
        POSTGRES
    }

    private Path log() {
        return directory.resolve("worker.log");
    }

    private String words() {
        try {
            return Files.exists(log()) ? Files.readString(log()) : "";
        } catch (IOException e) {
            return e.toString();
        }
    }

    private int count(String words) {
        return words().split(Pattern.quote(words), -1).length - 1;
    }

    private interface Condition {
        boolean holds() throws Exception;
    }

    private void await(String what, Condition condition) throws Exception {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        while (!condition.holds()) {
            if (System.nanoTime() > end) {
                String words = words();
                throw new AssertionError("not " + what + " within " + PATIENCE_SECONDS + " s; the worker said last: "
                        + words.substring(Math.max(0, words.length() - 20_000)));
            }
            Thread.sleep(100);
        }
    }

    private List<Path> connectors(int port) throws IOException {
        Path source = Files.writeString(directory.resolve("source.json"), """
                {"name": "shop", "config": {
                  "connector.class": "io.debezium.connector.postgresql.PostgresConnector", "tasks.max": "1",
                  "database.hostname": "127.0.0.1", "database.port": "%d", "database.user": "app",
                  "database.password": "none", "database.dbname": "shop", "topic.prefix": "shop",
                  "plugin.name": "pgoutput", "table.include.list": "public.customers"}}
                """.formatted(port));
        Path sink = Files.writeString(directory.resolve("sink.json"), """
                {"name": "copy", "config": {
                  "connector.class": "io.debezium.connector.jdbc.JdbcSinkConnector", "tasks.max": "1",
                  "topics": "shop.public.customers", "connection.url": "jdbc:postgresql://127.0.0.1:%d/copy",
                  "connection.username": "app", "connection.password": "none", "insert.mode": "upsert",
                  "delete.enabled": "true", "primary.key.mode": "record_key", "schema.evolution": "basic",
                  "collection.name.format": "customers"}}
                """.formatted(port));
        return List.of(source, sink);
    }

    /** Statements that do no harm when they are done twice, as they are when their answer was lost. */
    private String[] changes(int number) {
        List<String> statements = new ArrayList<>();
        for (int i = 0; i < CHANGES_AT_ONCE; i++) {
            int id = 1 + random.nextInt(ROWS);
            statements.add(
                    switch (random.nextInt(3)) {
                        case 0 ->
                            "insert into customers values (" + (ROWS + number * CHANGES_AT_ONCE + i) + ", 'new " + i
                                    + "', " + i + ") on conflict do nothing";
                        case 1 -> "update customers set spent = " + random.nextInt(1_000_000) + " where id = " + id;
                        default -> "delete from customers where id = " + id;
                    });
        }
        return statements.toArray(String[]::new);
    }

    @Test
    void two_tables_are_equal_at_the_end_whoever_was_killed() throws Exception {
        Machine.require(Machine.Need.POSTGRES);
        int kills = Integer.getInteger("trials.connects", 3);
        int serverPort = ServerProcess.freePort();
        int restPort = ServerProcess.freePort();
        String address = "rsocket://127.0.0.1:" + serverPort;
        long begun = System.nanoTime();
        try (Postgres postgres = Postgres.create("shop", "copy")) {
            postgres.run(
                    "shop",
                    "create table customers (id int primary key, name text not null, spent numeric(12, 2))",
                    "insert into customers select i, 'customer ' || i, i * 1.25 from generate_series(1, " + ROWS
                            + ") i");
            ServerProcess server = server(serverPort);
            WorkerProcess worker = WorkerProcess.start(address, log(), restPort, connectors(postgres.port()));
            try {
                await("a snapshot", () -> words().contains(COMPLETED));
                await("copied", () -> postgres.attempt("copy", "select count(*) from customers")
                        .text()
                        .strip()
                        .equals(String.valueOf(ROWS)));
                System.err.printf(
                        "%,d rows were copied %.1f s after the trial began%n", ROWS, (System.nanoTime() - begun) / 1e9);
                int snapshots = count(BEGUN);
                List<Integer> when = new ArrayList<>();
                for (int i = 0; i < kills * Victim.values().length; i++) {
                    when.add(random.nextInt(CHANGES / CHANGES_AT_ONCE));
                }
                Collections.sort(when);
                for (int i = 0; i < CHANGES / CHANGES_AT_ONCE; i++) {
                    String[] statements = changes(i);
                    while (postgres.attempt("shop", statements).code() != 0) {
                        Thread.sleep(100);
                    }
                    for (int k = 0; k < when.size(); k++) {
                        if (when.get(k) == i) {
                            Victim victim = Victim.values()[k % Victim.values().length];
                            Thread.sleep(random.nextInt(2_000));
                            switch (victim) {
                                case WORKER -> {
                                    worker.kill();
                                    worker.close();
                                    worker = WorkerProcess.start(address, log(), restPort, List.of());
                                }
                                case SERVER -> {
                                    server.kill();
                                    server.close();
                                    server = server(serverPort);
                                }
                                case POSTGRES -> {
                                    postgres.kill();
                                    postgres.start();
                                }
                            }
                        }
                    }
                }
                String wanted = postgres.run("shop", TABLE_HASH);
                long written = System.nanoTime();
                await("equal", () -> postgres.attempt("copy", TABLE_HASH)
                        .text()
                        .strip()
                        .equals(wanted));
                System.err.printf(
                        "each of worker, server and PostgreSQL killed %d times: the tables are equal, %s, %.1f s after the last change%n",
                        kills, wanted, (System.nanoTime() - written) / 1e9);
                assertEquals(snapshots, count(BEGUN), "snapshots begun");
                assertEquals(1, count(COMPLETED), "snapshots completed");
                assertTrue(Integer.parseInt(wanted.split(" ", -1)[0]) > ROWS / 2);
            } finally {
                worker.close();
                server.close();
            }
        }
    }

    private ServerProcess server(int port) throws Exception {
        ServerProcess started = ServerProcess.start(directory.resolve("store"), directory.resolve("server.log"), port);
        assertTrue(started.address().isPresent(), "the server did not start");
        return started;
    }
}
