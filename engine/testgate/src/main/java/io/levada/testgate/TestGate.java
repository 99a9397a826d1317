package io.levada.testgate;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import ch.qos.logback.core.AppenderBase;
import io.netty.buffer.ByteBufAllocator;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.slf4j.LoggerFactory;

/**
 * Fails a test class in which an error was logged, or a buffer leaked: Netty's leak detector, set to {@code paranoid},
 * logs leaks as errors once the lost buffer was collected. A test that provokes an error on purpose takes it out with
 * {@link #expectError}.
 */
public final class TestGate implements BeforeAllCallback, AfterAllCallback {
    private static final ErrorLog ERRORS = new ErrorLog();

    static {
        ERRORS.start();
        Logger root = (Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
        root.setLevel(Level.INFO);
        root.addAppender(ERRORS);
    }

    /** Takes out the logged errors whose text contains this; says how many there were. */
    public static int expectError(String part) {
        int before = ERRORS.texts.size();
        ERRORS.texts.removeIf(text -> text.contains(part));
        return before - ERRORS.texts.size();
    }

    /** What was logged as an error since the test class began, or since this was asked for; it is taken out. */
    static List<String> takeErrors() {
        if (ERRORS.texts.isEmpty()) {
            return List.of();
        }
        List<String> texts = List.copyOf(ERRORS.texts);
        ERRORS.texts.removeAll(texts);
        return texts;
    }

    @Override
    public void beforeAll(ExtensionContext context) {
        ERRORS.texts.clear();
    }

    @Override
    public void afterAll(ExtensionContext context) throws InterruptedException {
        check(context.getDisplayName());
    }

    void check(String testClass) throws InterruptedException {
        reportLeaks();
        List<String> texts = List.copyOf(ERRORS.texts);
        ERRORS.texts.clear();
        if (!texts.isEmpty()) {
            throw new AssertionError(texts.size() + " errors were logged or buffers leaked in " + testClass + ":\n"
                    + String.join("\n", texts));
        }
    }

    /** The detector looks for collected buffers when one is allocated, so: collect, then allocate. */
    private static void reportLeaks() throws InterruptedException {
        System.gc();
        TimeUnit.MILLISECONDS.sleep(20); // the reference handler signals nothing when it is through
        for (int i = 0; i < 3; i++) {
            ByteBufAllocator.DEFAULT.buffer(16).release();
        }
    }

    private static final class ErrorLog extends AppenderBase<ILoggingEvent> {
        private final List<String> texts = new CopyOnWriteArrayList<>();

        @Override
        protected void append(ILoggingEvent event) {
            if (event.getLevel().isGreaterOrEqual(Level.ERROR)) {
                String trace = event.getThrowableProxy() == null
                        ? ""
                        : "\n" + ThrowableProxyUtil.asString(event.getThrowableProxy());
                texts.add(event.getLoggerName() + ": " + event.getFormattedMessage() + trace);
            }
        }
    }
}
