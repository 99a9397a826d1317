package io.levada.gateway;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.access.Credentials;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.handler.ssl.SslHandler;
import io.rsocket.metadata.CompositeMetadata;
import io.rsocket.metadata.WellKnownMimeType;
import java.nio.charset.StandardCharsets;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.security.auth.x500.X500Principal;

/** What peers present to say who they are, as each transport has it. Stateless. */
final class PeerCredentials {
    private static final String AUTHENTICATION = WellKnownMimeType.MESSAGE_RSOCKET_AUTHENTICATION.getString();
    /** Well-known types, with the bit that says they are, of RSocket's extension Authentication. */
    private static final int SIMPLE = 0x80;

    private static final int BEARER = 0x81;

    private PeerCredentials() {}

    /**
     * What composite metadata holds as {@code message/x.rsocket.authentication.v0}; nothing where it does not. Fails with
     * {@link ErrorCode#UNAUTHENTICATED} where it is of no kind that is known.
     */
    static Credentials inMetadata(ByteBuf metadata) {
        try {
            for (CompositeMetadata.Entry entry : new CompositeMetadata(metadata, false)) {
                if (AUTHENTICATION.equals(entry.getMimeType())) {
                    return authentication(entry.getContent());
                }
            }
        } catch (IllegalArgumentException | IllegalStateException | IndexOutOfBoundsException e) {
            throw new LevadaException(ErrorCode.UNAUTHENTICATED, "the metadata is no " + Route.COMPOSITE, e);
        }
        return Credentials.none();
    }

    private static Credentials authentication(ByteBuf content) {
        int type = content.readUnsignedByte();
        if (type == BEARER) {
            return new Credentials.Bearer(rest(content));
        } else if (type == SIMPLE) {
            int userBytes = content.readUnsignedShort();
            String user =
                    content.readCharSequence(userBytes, StandardCharsets.UTF_8).toString();
            return new Credentials.Simple(user, rest(content));
        }
        throw new LevadaException(
                ErrorCode.UNAUTHENTICATED, AUTHENTICATION + " is taken as simple (0x80) or bearer (0x81)");
    }

    private static String rest(ByteBuf content) {
        return content.readCharSequence(content.readableBytes(), StandardCharsets.UTF_8)
                .toString();
    }

    /** The certificate that the peer showed and TLS has verified; nothing where there is none. */
    static Credentials certificate(Channel channel) {
        SslHandler tls = channel.pipeline().get(SslHandler.class);
        try {
            Certificate[] chain =
                    tls == null ? new Certificate[0] : tls.engine().getSession().getPeerCertificates();
            return chain.length > 0 && chain[0] instanceof X509Certificate certificate
                    ? new Credentials.Certificate(
                            certificate.getSubjectX500Principal().getName(X500Principal.RFC2253),
                            certificate.getNotAfter().toInstant())
                    : Credentials.none();
        } catch (SSLPeerUnverifiedException e) {
            return Credentials.none();
        }
    }
}
