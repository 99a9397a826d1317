package io.levada.benchmarks;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Java programs in processes of their own. */
public final class Programs {
    /** Where they listen. */
    public static final String LOOPBACK = InetAddress.getLoopbackAddress().getHostAddress();

    private static final Set<Process> STARTED = ConcurrentHashMap.newKeySet();

    static {
        Runtime.getRuntime()
                .addShutdownHook(new Thread(() -> STARTED.forEach(Process::destroyForcibly), "end-programs"));
    }

    private Programs() {}

    /** Starts one with the Java that runs this; what it says on standard error goes to that of this. It does not outlive this. */
    public static Process java(String... arguments) throws IOException {
        return any(javaCommand(arguments), ProcessBuilder.Redirect.PIPE);
    }

    /** Starts one with the Java that runs this; all that it says goes into a file. It does not outlive this. */
    public static Process javaInto(Path file, String... arguments) throws IOException {
        ProcessBuilder.Redirect output = ProcessBuilder.Redirect.to(file.toFile());
        return started(new ProcessBuilder(javaCommand(arguments))
                .redirectErrorStream(true)
                .redirectOutput(output));
    }

    private static List<String> javaCommand(String... arguments) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of(arguments));
        return command;
    }

    /** Starts any program; it does not outlive this. */
    public static Process any(List<String> command, ProcessBuilder.Redirect output) throws IOException {
        return started(
                new ProcessBuilder(command).redirectOutput(output).redirectError(ProcessBuilder.Redirect.INHERIT));
    }

    private static Process started(ProcessBuilder program) throws IOException {
        Process process = program.start();
        STARTED.add(process);
        var unused = process.onExit().thenAccept(STARTED::remove);
        return process;
    }

    /** Starts a class of this program. */
    public static Process ours(List<String> options, Class<?> main, String... arguments) throws IOException {
        List<String> all = new ArrayList<>(options);
        all.addAll(List.of("-cp", classPath(), main.getName()));
        all.addAll(List.of(arguments));
        return java(all.toArray(String[]::new));
    }

    /** What this program was loaded from, which Maven keeps in a class loader of its own. */
    private static String classPath() {
        if (Programs.class.getClassLoader() instanceof URLClassLoader loader) {
            return Stream.of(loader.getURLs())
                    .map(url -> Path.of(URI.create(url.toString())).toString())
                    .collect(Collectors.joining(File.pathSeparator));
        }
        return System.getProperty("java.class.path");
    }

    /** That nobody listens on now. */
    public static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    public static BufferedReader output(Process process) {
        return new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    }

    /** Reads lines up to one that begins with a word, and gives that. */
    public static String awaitLine(BufferedReader lines, String word) throws IOException {
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            if (line.startsWith(word)) {
                return line;
            }
        }
        throw new IllegalStateException("the process ended before it said " + word);
    }
}
