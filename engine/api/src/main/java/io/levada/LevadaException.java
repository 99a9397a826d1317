package io.levada;

/** The one root of Levada's errors: a stable code, whether to try again, and a message that says what to do. */
public class LevadaException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final ErrorCode code;

    public LevadaException(ErrorCode code, String message) {
        super(message);
        this.code = code;
    }

    public LevadaException(ErrorCode code, String message, Throwable cause) {
        super(message, cause);
        this.code = code;
    }

    public final ErrorCode code() {
        return code;
    }

    public final boolean retriable() {
        return code.retriable();
    }

    /** The error itself if it is one of ours, else one that wraps it as {@link ErrorCode#UNKNOWN_SERVER_ERROR}. */
    public static LevadaException of(Throwable error) {
        return error instanceof LevadaException ours
                ? ours
                : new LevadaException(ErrorCode.UNKNOWN_SERVER_ERROR, String.valueOf(error), error);
    }

    /** The one line that people and scripts read: {@code CODE: message}. */
    public final String line() {
        return code + ": " + getMessage();
    }
}
