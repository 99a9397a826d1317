package io.levada.gateway;

import io.netty.handler.codec.DefaultHeaders.NameValidator;
import io.netty.handler.codec.DefaultHeaders.ValueValidator;
import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.DefaultHttpHeadersFactory;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpHeadersFactory;
import io.netty.util.AsciiString;
import java.util.List;

/**
 * Headers that remember whether the end of the body was said in two ways, by a length and by chunks: the decoder drops the
 * length then, and whoever else is on the way may have dropped the chunks (RFC 9112, 6.3).
 */
final class RequestHeaders extends DefaultHttpHeaders {
    /** Headers as they are validated otherwise. */
    static final HttpHeadersFactory FACTORY = new Factory();

    private boolean ambiguous;

    private static final class Factory implements HttpHeadersFactory {
        private final DefaultHttpHeadersFactory usual = DefaultHttpHeadersFactory.headersFactory();

        @Override
        public HttpHeaders newHeaders() {
            return new RequestHeaders(usual.getNameValidator(), usual.getValueValidator());
        }

        @Override
        public HttpHeaders newEmptyHeaders() {
            return newHeaders();
        }
    }

    private RequestHeaders(NameValidator<CharSequence> names, ValueValidator<CharSequence> values) {
        super(names, values);
    }

    /** Whether others could take a request with these headers to end at another place. */
    static boolean areAmbiguous(HttpHeaders headers) {
        List<String> codings = headers.getAll(HttpHeaderNames.TRANSFER_ENCODING);
        boolean unclear = codings.size() > 1
                || (codings.size() == 1 && !HttpHeaderValues.CHUNKED.contentEqualsIgnoreCase(codings.get(0)));
        return unclear || (headers instanceof RequestHeaders ours && ours.ambiguous);
    }

    @Override
    public HttpHeaders remove(CharSequence name) {
        noteLength(name);
        return super.remove(name);
    }

    @Override
    public HttpHeaders remove(String name) {
        noteLength(name);
        return super.remove(name);
    }

    private void noteLength(CharSequence name) {
        ambiguous |= AsciiString.contentEqualsIgnoreCase(HttpHeaderNames.CONTENT_LENGTH, name)
                && contains(HttpHeaderNames.CONTENT_LENGTH)
                && contains(HttpHeaderNames.TRANSFER_ENCODING);
    }
}
