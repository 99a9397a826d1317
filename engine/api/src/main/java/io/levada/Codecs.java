package io.levada;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** The codecs that come with Levada. */
public final class Codecs {
    private static final ObjectMapper MAPPER =
            JsonMapper.builder().findAndAddModules().build();
    private static final Codec<String> UTF8 = new Utf8();
    private static final Codec<byte[]> BYTES = new Bytes();

    private Codecs() {}

    /** Text as UTF-8; bytes that are not UTF-8 fail with {@link ErrorCode#CORRUPT_MESSAGE}. */
    public static Codec<String> utf8() {
        return UTF8;
    }

    /** The bytes themselves, not copied. */
    public static Codec<byte[]> bytes() {
        return BYTES;
    }

    /** Values of a type as JSON, by Jackson with the modules on the class path. */
    public static <T> Codec<T> json(Class<T> type) {
        return new Json<>(type);
    }

    private static final class Utf8 implements Codec<String> {
        @Override
        public byte @Nullable [] encode(@Nullable String value) {
            if (value == null) {
                return null;
            }
            try {
                ByteBuffer bytes = StandardCharsets.UTF_8.newEncoder().encode(CharBuffer.wrap(value));
                byte[] exact = new byte[bytes.remaining()];
                bytes.get(exact);
                return exact;
            } catch (CharacterCodingException e) {
                throw new LevadaException(
                        ErrorCode.INVALID_REQUEST, "the text has half of a surrogate pair, which UTF-8 cannot say", e);
            }
        }

        @Override
        public @Nullable String decode(byte @Nullable [] bytes) {
            if (bytes == null) {
                return null;
            }
            try {
                return StandardCharsets.UTF_8
                        .newDecoder()
                        .decode(ByteBuffer.wrap(bytes))
                        .toString();
            } catch (CharacterCodingException e) {
                throw new LevadaException(
                        ErrorCode.CORRUPT_MESSAGE, bytes.length + " bytes are not UTF-8; read them as bytes", e);
            }
        }

        @Override
        public String toString() {
            return "utf8";
        }
    }

    private static final class Bytes implements Codec<byte[]> {
        @Override
        public byte @Nullable [] encode(byte @Nullable [] value) {
            return value;
        }

        @Override
        public byte @Nullable [] decode(byte @Nullable [] bytes) {
            return bytes;
        }

        @Override
        public String toString() {
            return "bytes";
        }
    }

    private static final class Json<T> implements Codec<T> {
        private final Class<T> type;
        private final ObjectWriter writer;
        private final ObjectReader reader;

        Json(Class<T> type) {
            this.type = type;
            this.writer = MAPPER.writerFor(type);
            this.reader = MAPPER.readerFor(type);
        }

        @Override
        public byte @Nullable [] encode(@Nullable T value) {
            if (value == null) {
                return null;
            }
            try {
                return writer.writeValueAsBytes(value);
            } catch (JsonProcessingException e) {
                throw new LevadaException(
                        ErrorCode.INVALID_REQUEST, "no JSON for " + type.getName() + ": " + e.getOriginalMessage(), e);
            }
        }

        @Override
        public @Nullable T decode(byte @Nullable [] bytes) {
            if (bytes == null) {
                return null;
            }
            try {
                return reader.readValue(bytes);
            } catch (JsonProcessingException e) {
                throw damaged(e.getOriginalMessage(), e);
            } catch (IOException e) {
                throw damaged(String.valueOf(e.getMessage()), e);
            }
        }

        private LevadaException damaged(String why, IOException cause) {
            return new LevadaException(
                    ErrorCode.CORRUPT_MESSAGE, "the bytes are no JSON of " + type.getName() + ": " + why, cause);
        }

        @Override
        public String toString() {
            return "json(" + type.getSimpleName() + ")";
        }
    }
}
