package io.levada.sdk;

import com.fasterxml.jackson.databind.JsonNode;
import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.CompositeByteBuf;
import io.netty.buffer.Unpooled;
import io.rsocket.Payload;
import io.rsocket.metadata.AuthMetadataCodec;
import io.rsocket.metadata.CompositeMetadataCodec;
import io.rsocket.metadata.WellKnownMimeType;
import io.rsocket.util.ByteBufPayload;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Base64;
import org.jspecify.annotations.Nullable;

/**
 * A bearer token.
 *
 * @param expiry when it ends, where it is a JSON Web Token (RFC 7519) that says so
 */
record Token(String text, @Nullable Instant expiry) {
    /** Half of what a server takes as a connection's first frame. */
    private static final int MOST_BYTES = 8 << 10;

    /** Reads a file that holds a token and nothing else but white space around it; fails with INVALID_REQUEST. Blocks. */
    static Token read(String file) {
        byte[] bytes;
        try (InputStream in = Files.newInputStream(Path.of(file))) {
            bytes = in.readNBytes(MOST_BYTES + 1);
        } catch (IOException | InvalidPathException e) {
            throw new LevadaException(ErrorCode.INVALID_REQUEST, "the token file " + file + " cannot be read: " + e, e);
        }
        String text = new String(bytes, StandardCharsets.ISO_8859_1).strip();
        if (bytes.length > MOST_BYTES || text.isEmpty() || !text.chars().allMatch(c -> c > ' ' && c < 0x7F)) {
            throw new LevadaException(
                    ErrorCode.INVALID_REQUEST,
                    "the token file " + file + " is to hold one token of up to " + MOST_BYTES
                            + " bytes, of visible ASCII characters, and nothing else");
        }
        return new Token(text, expiry(text));
    }

    private static @Nullable Instant expiry(String text) {
        String[] parts = text.split("\\.", -1);
        if (parts.length != 3) {
            return null;
        }
        try {
            JsonNode claims =
                    Wire.parse(Unpooled.wrappedBuffer(Base64.getUrlDecoder().decode(parts[1])));
            return claims.path("exp").isNumber()
                    ? Instant.ofEpochSecond(claims.path("exp").longValue())
                    : null;
        } catch (RuntimeException e) {
            return null; // some other kind of token
        }
    }

    /** A payload with the token as its metadata, for SETUP and METADATA_PUSH. */
    Payload payload() {
        ByteBufAllocator allocator = ByteBufAllocator.DEFAULT;
        CompositeByteBuf metadata = allocator.compositeBuffer();
        ByteBuf bearer = AuthMetadataCodec.encodeBearerMetadata(allocator, text.toCharArray());
        CompositeMetadataCodec.encodeAndAddMetadata(
                metadata, allocator, WellKnownMimeType.MESSAGE_RSOCKET_AUTHENTICATION, bearer);
        return ByteBufPayload.create(Unpooled.EMPTY_BUFFER, metadata);
    }

    /** It is a secret. */
    @Override
    public String toString() {
        return "a token that ends " + expiry;
    }
}
