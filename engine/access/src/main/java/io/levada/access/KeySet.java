package io.levada.access;

import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.KeyUse;
import com.nimbusds.jose.jwk.OctetKeyPair;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.util.JSONObjectUtils;
import java.text.ParseException;
import java.util.List;
import java.util.Objects;

/** A JSON Web Key Set, of which those count that verify signatures and are strong enough. Stateless. */
final class KeySet {
    private static final int MAX_KEYS = 100;
    private static final int MIN_RSA_BITS = 2_048;

    private KeySet() {}

    /** The keys, at least one; fails with {@code INVALID_CONFIG}. */
    static List<JWK> parse(String text) {
        JWKSet set;
        try {
            set = JWKSet.parse(Objects.requireNonNull(JSONObjectUtils.parse(text), "it is null"));
        } catch (ParseException | RuntimeException e) { // of odd keys, whatever comes
            throw Lines.wrong("it is no JSON Web Key Set: " + e.getMessage());
        }
        List<JWK> keys = set.getKeys().stream()
                .filter(KeySet::verifies)
                .map(JWK::toPublicJWK)
                .limit(MAX_KEYS)
                .toList();
        if (keys.isEmpty()) {
            throw Lines.wrong("it holds no key that verifies signatures: RSA of " + MIN_RSA_BITS
                    + " bits or more, EC, or OKP, with 'use' sig or without");
        }
        return keys;
    }

    /** A key of a shared secret has no place here: whoever reads the set could sign. */
    private static boolean verifies(JWK key) {
        boolean strong = key instanceof ECKey
                || key instanceof OctetKeyPair
                || (key instanceof RSAKey rsa && rsa.size() >= MIN_RSA_BITS);
        return strong && (key.getKeyUse() == null || key.getKeyUse().equals(KeyUse.SIGNATURE));
    }
}
