package io.levada.access;

import com.nimbusds.jose.jwk.JWK;
import java.util.List;
import java.util.concurrent.CompletionStage;

/** Where the keys of issuers come from. Safe for any thread. */
interface KeySource {
    /** Those known now; does not block. */
    List<JWK> keys();

    /** Looks for new ones, unless that was just done; complete when {@link #keys} has them. Never fails. */
    CompletionStage<Void> refresh();

    /** Called now and then on a thread that may block. */
    void look();
}
