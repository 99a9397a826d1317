package io.levada.access;

import java.time.Instant;

/** What a peer presents to say who it is, whichever way it came. Immutable; prints no secrets. */
public sealed interface Credentials {
    /** The longest token, user's name, password or subject that is looked at, in characters. */
    int MAX_CHARS = 8 << 10;

    /** Nothing was presented. */
    static Credentials none() {
        return None.NOTHING;
    }

    /** Nothing. */
    enum None implements Credentials {
        NOTHING;

        @Override
        public String toString() {
            return "nothing";
        }
    }

    /** A token: whoever has it is its principal. */
    record Bearer(String token) implements Credentials {
        @Override
        public String toString() {
            return "a bearer token";
        }
    }

    /** A user's name and password. */
    record Simple(String user, String password) implements Credentials {
        @Override
        public String toString() {
            return "a user and password";
        }
    }

    /**
     * A certificate that the transport has verified.
     *
     * @param subject its distinguished name, as RFC 2253 or RFC 1779 spell it
     * @param notAfter when it ends
     */
    record Certificate(String subject, Instant notAfter) implements Credentials {
        @Override
        public String toString() {
            return "a certificate";
        }
    }
}
