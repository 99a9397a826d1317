package io.levada.access;

import com.nimbusds.jose.jwk.JWK;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** A key set in a file, read again when it changes. */
record FileKeys(WatchedFile<List<JWK>> file) implements KeySource {
    @Override
    public List<JWK> keys() {
        return file.value();
    }

    @Override
    public CompletionStage<Void> refresh() {
        return CompletableFuture.completedStage(null);
    }

    @Override
    public void look() {
        file.look();
    }
}
