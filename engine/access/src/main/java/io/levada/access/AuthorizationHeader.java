package io.levada.access;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** How HTTP presents who asks, and is told to, as RFC 6750 and RFC 7617 have it. Stateless. */
public final class AuthorizationHeader {
    private AuthorizationHeader() {}

    /**
     * What a header {@code Authorization} holds; nothing where there is none.
     *
     * @throws LevadaException with {@link ErrorCode#UNAUTHENTICATED} where it is of no kind that is known
     */
    public static Credentials credentials(@Nullable String authorization) {
        if (authorization == null) {
            return Credentials.none();
        } else if (authorization.regionMatches(true, 0, "Bearer ", 0, 7)) {
            return new Credentials.Bearer(authorization.substring(7).strip());
        } else if (authorization.regionMatches(true, 0, "Basic ", 0, 6)) {
            return basic(authorization.substring(6).strip());
        }
        throw new LevadaException(ErrorCode.UNAUTHENTICATED, "Authorization is to be Bearer TOKEN or Basic");
    }

    /** In UTF-8. */
    private static Credentials basic(String encoded) {
        try {
            String pair = new String(Base64.getDecoder().decode(encoded), StandardCharsets.UTF_8);
            int colon = pair.indexOf(':');
            if (colon >= 0) {
                return new Credentials.Simple(pair.substring(0, colon), pair.substring(colon + 1));
            }
        } catch (IllegalArgumentException e) {
            throw new LevadaException(ErrorCode.UNAUTHENTICATED, "Basic is to hold base64", e);
        }
        throw new LevadaException(ErrorCode.UNAUTHENTICATED, "Basic is to hold USER:PASSWORD in base64");
    }

    /**
     * The values of {@code WWW-Authenticate} that go with 401.
     *
     * @param why what was presented will not do
     * @param passwords whether they are taken
     */
    public static List<String> challenges(ErrorCode why, boolean passwords) {
        String bearer = why == ErrorCode.TOKEN_EXPIRED
                ? "Bearer realm=\"levada\", error=\"invalid_token\""
                : "Bearer realm=\"levada\"";
        return passwords ? List.of(bearer, "Basic realm=\"levada\", charset=\"UTF-8\"") : List.of(bearer);
    }
}
