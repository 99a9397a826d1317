package io.levada.trials;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** A PostgreSQL of its own, in a fresh directory, with logical decoding, that can be killed and started again. */
final class Postgres implements AutoCloseable {
    private static final Path DEBIAN = Path.of("/usr/lib/postgresql");
    private static final long PATIENCE_SECONDS = 120;

    private final Path directory;
    private final Path log;
    private final int port;
    private @Nullable Process process;

    private Postgres(Path directory, int port) {
        this.directory = directory;
        this.log = directory.resolveSibling(directory.getFileName() + ".log");
        this.port = port;
    }

    /** A program of PostgreSQL's, or null where there is none. */
    static @Nullable String program(String name) throws IOException {
        if (Files.isDirectory(DEBIAN)) {
            try (Stream<Path> versions = Files.list(DEBIAN)) {
                return versions.map(version -> version.resolve("bin").resolve(name))
                        .filter(Files::isExecutable)
                        .map(Path::toString)
                        .max(String::compareTo)
                        .orElse(null);
            }
        }
        return null;
    }

    /** It refuses to be root's. */
    private static List<String> asItsUser(String... command) throws IOException {
        List<String> all = new ArrayList<>();
        if (Machine.Need.isRoot()) {
            all.addAll(List.of("runuser", "-u", "postgres", "--"));
        }
        all.addAll(List.of(command));
        return all;
    }

    /** A new one, with databases of these names. */
    static Postgres create(String... databases) throws Exception {
        Path directory = Files.createTempDirectory("levada-postgres");
        if (Machine.Need.isRoot()) {
            Shell.run("chown", "postgres", directory.toString());
        }
        Postgres made = new Postgres(directory, ServerProcess.freePort());
        Shell.run(asItsUser(String.valueOf(program("initdb")), "-D", made.data(), "-A", "trust", "-U", "app")
                .toArray(String[]::new));
        made.start();
        for (String database : databases) {
            Shell.run(
                    String.valueOf(program("createdb")),
                    "-h",
                    "127.0.0.1",
                    "-p",
                    Integer.toString(made.port),
                    "-U",
                    "app",
                    database);
        }
        return made;
    }

    private String data() {
        return directory.resolve("data").toString();
    }

    int port() {
        return port;
    }

    /** Starts it, after {@link #kill} as well; returns when it answers. */
    void start() throws Exception {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        while (attempt("postgres", "select 1").code() != 0) {
            if (System.nanoTime() > end) {
                throw new AssertionError("PostgreSQL does not answer; it said: " + Files.readString(log));
            }
            Process running = process;
            if (running == null || !running.isAlive()) { // it refuses as long as init has not buried the one before
                process = begin();
            }
            Thread.sleep(100);
        }
    }

    private Process begin() throws IOException {
        ProcessBuilder builder = new ProcessBuilder(asItsUser(
                String.valueOf(program("postgres")),
                "-D",
                data(),
                "-p",
                Integer.toString(port),
                "-k",
                directory.toString(),
                "-c",
                "listen_addresses=127.0.0.1",
                "-c",
                "wal_level=logical"));
        builder.directory(new File("/"));
        builder.redirectErrorStream(true);
        builder.redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
        return builder.start();
    }

    /** SIGKILL, to all its processes. */
    void kill() {
        Process running = process;
        if (running != null) {
            Stream.concat(Stream.of(running.toHandle()), running.descendants())
                    .toList()
                    .forEach(ProcessHandle::destroyForcibly);
            running.onExit().join();
        }
    }

    /** Runs statements in one transaction. */
    Shell.Ended attempt(String database, String... statements) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                String.valueOf(program("psql")),
                "-qAtX1",
                "-v",
                "ON_ERROR_STOP=1",
                "-h",
                "127.0.0.1",
                "-p",
                Integer.toString(port),
                "-U",
                "app",
                "-d",
                database));
        for (String statement : statements) {
            command.add("-c");
            command.add(statement);
        }
        return Shell.attempt(command.toArray(String[]::new));
    }

    /** Runs statements that have to succeed; gives what they print. */
    String run(String database, String... statements) throws IOException {
        Shell.Ended ended = attempt(database, statements);
        if (ended.code() != 0) {
            throw new IOException(ended.text());
        }
        return ended.text().strip();
    }

    @Override
    public void close() throws IOException {
        kill();
        Shell.run("rm", "-rf", directory.toString(), log.toString());
    }
}
