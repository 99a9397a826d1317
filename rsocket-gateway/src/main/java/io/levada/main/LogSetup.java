package io.levada.main;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.Configurator;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.ConsoleAppender;
import ch.qos.logback.core.LayoutBase;
import ch.qos.logback.core.encoder.LayoutWrappingEncoder;
import ch.qos.logback.core.spi.ContextAwareBase;
import org.slf4j.LoggerFactory;
import org.slf4j.bridge.SLF4JBridgeHandler;

/**
 * Sends the log to standard error, for operators. Found by logback as a service; written in Java since reading the same
 * from a file takes a quarter of the time in which a server starts. {@code -Dlogback.configurationFile=F} has logback
 * read a file instead.
 */
public final class LogSetup extends ContextAwareBase implements Configurator {
    private static final String FILE_PROPERTY = "logback.configurationFile";
    private static final String APPENDER = "stderr";

    @Override
    public ExecutionStatus configure(LoggerContext context) {
        if (System.getProperty(FILE_PROPERTY) != null) {
            return ExecutionStatus.INVOKE_NEXT_IF_ANY;
        }
        ConsoleAppender<ILoggingEvent> appender = new ConsoleAppender<>();
        appender.setContext(context);
        appender.setName(APPENDER);
        appender.setTarget("System.err");
        appender.setEncoder(encoder(context, LogFormat.TEXT));
        appender.start();
        Logger root = context.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
        root.addAppender(appender);
        root.setLevel(Level.WARN);
        context.getLogger("io.levada").setLevel(Level.INFO);
        // What a peer sends or a connection lacks is not news of ours: clients say it in one line, the gateway in its
        // own.
        context.getLogger("reactor.netty").setLevel(Level.ERROR);
        // What clients of a cluster meet they tell their callers, which is where it is handled.
        context.getLogger("org.apache.kafka").setLevel(Level.OFF);
        // Spans that are lost are told in one line of ours.
        context.getLogger("io.opentelemetry.exporter").setLevel(Level.OFF);
        return ExecutionStatus.DO_NOT_INVOKE_NEXT_IF_ANY;
    }

    /** Goes on in a format, with what libraries say through the JDK's logging; a file that logback read keeps its own. */
    static void use(LogFormat format) {
        SLF4JBridgeHandler.removeHandlersForRootLogger();
        SLF4JBridgeHandler.install();
        if (LoggerFactory.getILoggerFactory() instanceof LoggerContext context
                && context.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME).getAppender(APPENDER)
                        instanceof ConsoleAppender<ILoggingEvent> appender) {
            appender.setEncoder(encoder(context, format));
        }
    }

    private static LayoutWrappingEncoder<ILoggingEvent> encoder(LoggerContext context, LogFormat format) {
        LayoutBase<ILoggingEvent> layout = format.layout();
        layout.setContext(context);
        layout.start();
        LayoutWrappingEncoder<ILoggingEvent> encoder = new LayoutWrappingEncoder<>();
        encoder.setContext(context);
        encoder.setLayout(layout);
        encoder.start();
        return encoder;
    }
}
