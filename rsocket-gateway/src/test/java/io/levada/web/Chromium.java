package io.levada.web;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;
import org.openqa.selenium.OutputType;
import org.openqa.selenium.ScriptTimeoutException;
import org.openqa.selenium.WindowType;
import org.openqa.selenium.chrome.ChromeDriver;
import org.openqa.selenium.chrome.ChromeDriverService;
import org.openqa.selenium.chrome.ChromeOptions;
import org.openqa.selenium.logging.LogEntry;
import org.openqa.selenium.logging.LogType;
import org.openqa.selenium.logging.LoggingPreferences;

/**
 * The installed Chromium without a screen, with a profile of its own that goes when it is closed. Whoever starts one is
 * marked {@link NeedsChromium}. What it does is bounded by {@link #LIMIT}. For one thread.
 *
 * <pre>{@code
 * try (Chromium browser = Chromium.start()) {
 *     browser.open(server.http() + "/");
 *     browser.until("document.title !== ''");
 *     assertEquals("Levada", browser.eval("return document.title").asText());
 *     assertEquals(List.of(), browser.errors());
 * }
 * }</pre>
 */
final class Chromium implements AutoCloseable {
    /** How long a page may take, unless a test says otherwise. */
    static final Duration LIMIT = Duration.ofSeconds(30);

    private static final ObjectMapper JSON = new ObjectMapper();
    /** It would warn that it cannot speak to just this version by a protocol that is not used. */
    private static final Logger CDP_VERSIONS = Logger.getLogger("org.openqa.selenium.devtools.CdpVersionFinder");

    private static final Logger CHROMIUM_DRIVER = Logger.getLogger("org.openqa.selenium.chromium.ChromiumDriver");

    static {
        CDP_VERSIONS.setLevel(Level.OFF);
        CHROMIUM_DRIVER.setLevel(Level.OFF);
    }

    private final Path profile;
    private final ChromeDriver driver;
    private final List<String> errors = new ArrayList<>();
    private final List<String> console = new ArrayList<>();

    private Chromium(Path profile, ChromeDriver driver) {
        this.profile = profile;
        this.driver = driver;
    }

    static boolean isInstalled() {
        return Machine.program("chromium").isPresent()
                && Machine.program("chromedriver").isPresent();
    }

    /** In a window of a laptop. */
    static Chromium start() {
        return start(1280, 800);
    }

    /** In a window of so many pixels of CSS. */
    static Chromium start(int width, int height) {
        try {
            Path profile = Files.createTempDirectory("levada-chromium");
            try {
                return new Chromium(profile, driver(profile, width, height));
            } catch (RuntimeException e) {
                e.addSuppressed(new IllegalStateException("the driver said: " + log(profile)));
                delete(profile);
                throw e;
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static ChromeDriver driver(Path profile, int width, int height) {
        ChromeDriverService service = new ChromeDriverService.Builder()
                .usingDriverExecutable(
                        Machine.program("chromedriver").orElseThrow().toFile())
                .usingAnyFreePort()
                .withLogFile(profile.resolve("driver.log").toFile())
                .withTimeout(LIMIT.multipliedBy(2))
                .build();
        LoggingPreferences logged = new LoggingPreferences();
        logged.enable(LogType.BROWSER, Level.ALL);
        ChromeOptions options = new ChromeOptions();
        options.setBinary(Machine.program("chromium").orElseThrow().toFile());
        options.setCapability("goog:loggingPrefs", logged);
        options.addArguments(
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--disable-dev-shm-usage",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--user-data-dir=" + profile.resolve("data"),
                "--window-size=" + width + "," + height);
        ChromeDriver driver = new ChromeDriver(service, options);
        driver.manage().timeouts().pageLoadTimeout(LIMIT);
        return driver;
    }

    private static String log(Path profile) throws IOException {
        Path log = profile.resolve("driver.log");
        return Files.exists(log) ? Files.readString(log) : "nothing";
    }

    /** Goes to a page; returns when it is loaded, with its scripts. */
    void open(String url) {
        driver.get(url);
    }

    void reload() {
        driver.navigate().refresh();
    }

    /**
     * What the body of an async function gives in the page, as JSON.
     *
     * @throws AssertionError with what was thrown there, or when it takes longer than {@link #LIMIT}
     */
    JsonNode eval(String body) {
        return eval(body, LIMIT);
    }

    JsonNode eval(String body, Duration limit) {
        driver.manage().timeouts().scriptTimeout(limit);
        String script = "const done = arguments[arguments.length - 1];\n(async () => {\n" + body
                + "\n})().then(value => done(JSON.stringify({value: value === undefined ? null : value})),"
                + " error => done(JSON.stringify({error: String(error?.stack ?? error)})));";
        try {
            JsonNode answer = JSON.readTree(String.valueOf(driver.executeAsyncScript(script)));
            if (answer.has("error")) {
                throw new AssertionError(
                        "the page threw " + answer.get("error").asText() + " at\n" + body + tellConsole());
            }
            return answer.get("value");
        } catch (ScriptTimeoutException e) {
            throw new AssertionError("not within " + limit + " in the page: " + body + tellConsole(), e);
        } catch (JsonProcessingException e) {
            throw new AssertionError(e);
        }
    }

    /** Waits until an expression of the page is true. */
    void until(String expression) {
        until(expression, LIMIT);
    }

    void until(String expression, Duration limit) {
        eval("while (!(" + expression + ")) await new Promise(next => setTimeout(next, 10));", limit);
    }

    /** What failed in the pages so far, in any tab looked at: exceptions, console.error, what a policy forbade, what did not load. */
    List<String> errors() {
        readConsole();
        return List.copyOf(errors);
    }

    /** All that the pages' consoles said so far. */
    List<String> console() {
        readConsole();
        return List.copyOf(console);
    }

    /** Forgets what the consoles said, for tests that provoke an error. */
    void forgetConsole() {
        readConsole();
        errors.clear();
        console.clear();
    }

    private String tellConsole() {
        readConsole();
        return console.isEmpty() ? "" : "\nthe console says:\n" + String.join("\n", console);
    }

    private void readConsole() {
        for (LogEntry entry : driver.manage().logs().get(LogType.BROWSER)) {
            console.add(entry.getLevel() + " " + entry.getMessage());
            if (entry.getLevel().intValue() >= Level.SEVERE.intValue()) {
                errors.add(entry.getMessage());
            }
        }
    }

    /** Bytes of JavaScript's heap that are in use once everything unreachable was collected. */
    long heapUsed() {
        cdp("HeapProfiler.collectGarbage", Map.of());
        return cdp("Runtime.getHeapUsage", Map.of()).path("usedSize").asLong();
    }

    /** Writes what the page looks like, as PNG. */
    void screenshot(Path file) {
        try {
            if (file.getParent() != null) {
                Files.createDirectories(file.getParent());
            }
            Files.write(file, driver.getScreenshotAs(OutputType.BYTES));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** What the user's system is set to. */
    void prefers(boolean dark, boolean reducedMotion) {
        cdp(
                "Emulation.setEmulatedMedia",
                Map.of(
                        "features",
                        List.of(
                                Map.of("name", "prefers-color-scheme", "value", dark ? "dark" : "light"),
                                Map.of(
                                        "name",
                                        "prefers-reduced-motion",
                                        "value",
                                        reducedMotion ? "reduce" : "no-preference"))));
    }

    /** As on a phone held upright. */
    void phone() {
        viewport(390, 844, 3, true);
    }

    /** A page of so many pixels of CSS, each of so many of the screen. */
    void viewport(int width, int height, double scale, boolean mobile) {
        cdp(
                "Emulation.setDeviceMetricsOverride",
                Map.of("width", width, "height", height, "deviceScaleFactor", scale, "mobile", mobile));
        cdp("Emulation.setTouchEmulationEnabled", Map.of("enabled", mobile));
    }

    /** Opens a page in a tab of its own and goes on there; gives its name. */
    String openTab(String url) {
        readConsole();
        driver.switchTo().newWindow(WindowType.TAB);
        open(url);
        return tab();
    }

    /** The name of the tab that everything is asked of. */
    String tab() {
        return driver.getWindowHandle();
    }

    /** Goes on in another tab. */
    void use(String tab) {
        readConsole();
        driver.switchTo().window(tab);
    }

    /** Closes the tab, as its user would, and goes on in another. */
    void closeTab(String next) {
        readConsole();
        driver.close();
        driver.switchTo().window(next);
    }

    /** Cuts the tab off from the network, or joins it again; sockets that are open stay so. */
    void offline(boolean offline) {
        cdp("Network.enable", Map.of());
        cdp(
                "Network.emulateNetworkConditions",
                Map.of("offline", offline, "latency", 0, "downloadThroughput", -1, "uploadThroughput", -1));
    }

    /** Any command of the protocol of DevTools, to this tab. */
    JsonNode cdp(String command, Map<String, Object> parameters) {
        return JSON.valueToTree(driver.executeCdpCommand(command, parameters));
    }

    /** For elements, keys and the mouse. */
    ChromeDriver driver() {
        return driver;
    }

    @Override
    public void close() {
        try {
            driver.quit();
        } finally {
            delete(profile);
        }
    }

    /** Its processes may write until they have ended. */
    private static void delete(Path directory) {
        long deadline = System.nanoTime() + LIMIT.toNanos();
        IOException failed = null;
        do {
            try {
                Files.walkFileTree(directory, new Deleting());
                return;
            } catch (IOException e) {
                failed = e;
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
            }
        } while (Files.exists(directory) && System.nanoTime() < deadline);
        if (Files.exists(directory)) {
            throw new UncheckedIOException(failed);
        }
    }

    private static final class Deleting extends SimpleFileVisitor<Path> {
        @Override
        public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
            Files.deleteIfExists(file);
            return FileVisitResult.CONTINUE;
        }

        @Override
        public FileVisitResult postVisitDirectory(Path directory, @Nullable IOException failed) throws IOException {
            Files.deleteIfExists(directory);
            return FileVisitResult.CONTINUE;
        }
    }
}
