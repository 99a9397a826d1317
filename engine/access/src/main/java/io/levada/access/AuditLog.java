package io.levada.access;

import io.levada.ErrorCode;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Who was denied what, and who administered what: one line each, to the logger {@code io.levada.audit}, without payloads
 * and secrets. Of denials a hundred at once and ten a second are written, the others counted: they cost their author
 * nothing. Safe for any thread.
 */
final class AuditLog {
    private static final Logger LOG = LoggerFactory.getLogger("io.levada.audit");
    private static final int MAX_CHARS = 256;
    static final int BURST = 100;
    static final int PER_SECOND = 10;
    private static final double NANOS = 1e9;

    private final LongSupplier nanos;
    private double tokens = BURST;
    private long refilledNanos;
    private long suppressed;

    AuditLog(LongSupplier nanos) {
        this.nanos = nanos;
        this.refilledNanos = nanos.getAsLong();
    }

    /** Something was asked for that its principal may not do. */
    void denied(String principal, Caller.Need need, ErrorCode outcome, String peer) {
        if (permitted()) {
            write(
                    "denied",
                    principal,
                    need.operation().spelled(),
                    need.type().spelled() + ":" + need.name(),
                    outcome.name(),
                    peer);
        }
    }

    /** Somebody did not show who they are. */
    void unrecognised(Credentials presented, ErrorCode outcome, String peer) {
        if (permitted()) {
            write("unrecognised", "-", "authenticate", presented.toString(), outcome.name(), peer);
        }
    }

    /** Something was administered, or was to be. */
    void done(String principal, Caller.Need need, String outcome, String peer) {
        write(
                "administered",
                principal,
                need.operation().spelled(),
                need.type().spelled() + ":" + need.name(),
                outcome,
                peer);
    }

    private boolean permitted() {
        long missed;
        synchronized (this) {
            long now = nanos.getAsLong();
            tokens = Math.min(BURST, tokens + (now - refilledNanos) / NANOS * PER_SECOND);
            refilledNanos = now;
            if (tokens < 1) {
                suppressed++;
                return false;
            }
            tokens--;
            missed = suppressed;
            suppressed = 0;
        }
        if (missed > 0) {
            LOG.warn("event=suppressed count={}", missed);
        }
        return true;
    }

    private static void write(
            String event, String principal, String operation, String resource, String outcome, String peer) {
        LOG.info(
                "event={} principal={} operation={} resource={} outcome={} peer={}",
                event,
                quoted(principal),
                operation,
                quoted(resource),
                outcome,
                quoted(peer));
    }

    /** In quotes, so that nobody's name can look like another field or another line. */
    static String quoted(String text) {
        StringBuilder quoted = new StringBuilder("\"");
        text.codePoints().limit(MAX_CHARS).forEach(c -> {
            if (c == '"' || c == '\\') {
                quoted.append('\\').appendCodePoint(c);
            } else if (Character.isISOControl(c)
                    || Character.getType(c) == Character.FORMAT
                    || c == 0x2028
                    || c == 0x2029) {
                quoted.append("\\u").append("%04x".formatted(c));
            } else {
                quoted.appendCodePoint(c);
            }
        });
        return quoted.append('"').toString();
    }
}
