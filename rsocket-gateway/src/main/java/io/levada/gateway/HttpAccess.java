package io.levada.gateway;

import io.levada.LevadaException;
import io.levada.access.AccessControl;
import io.levada.access.AuthorizationHeader;
import io.levada.access.Credentials;
import io.levada.access.Principal;
import io.levada.rest.Answers;
import io.levada.rest.Caller;
import io.levada.wire.WireErrors;
import io.netty.handler.codec.http.HttpHeaderNames;
import java.util.function.Function;
import java.util.function.Supplier;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Mono;
import reactor.netty.http.server.HttpServerRequest;
import reactor.netty.http.server.HttpServerResponse;

/** Who makes an HTTP request: recognised by the same verifier as over RSocket, and given the same engine. */
final class HttpAccess {
    private final Doors doors;

    HttpAccess(Doors doors) {
        this.doors = doors;
    }

    /**
     * Answers a request for its principal, or with 401 and why. Goes on on the connection's event loop.
     */
    private Publisher<Void> admit(
            HttpServerRequest request, HttpServerResponse response, Function<Principal, Publisher<Void>> answer) {
        AccessControl access = doors.access();
        String peer = peer(request);
        if (!access.asks()) {
            return answer.apply(Principal.ANONYMOUS);
        }
        return Mono.defer(() -> access.authenticate(presented(request), peer))
                .publishOn(HttpRoutes.eventLoop(request))
                .map(principal -> answer.apply(principal))
                .onErrorResume(LevadaException.class, error -> Mono.fromSupplier(() -> refuse(response, error)))
                .flatMap(Mono::from);
    }

    /** Answers a request of the log, for whoever makes it. */
    Publisher<Void> admitToLog(
            HttpServerRequest request, HttpServerResponse response, Function<Caller, Publisher<Void>> answer) {
        return admit(request, response, principal -> answer.apply(doors.caller(principal, peer(request))));
    }

    /** Answers with metrics, where they are for everybody or an administrator asks. */
    Publisher<Void> ifMetricsAllowed(
            HttpServerRequest request, HttpServerResponse response, Supplier<Publisher<Void>> answer) {
        if (doors.access().openMetrics()) {
            return answer.get();
        }
        return admit(request, response, principal -> {
            doors.access().requireAdmin(principal, "metrics", peer(request));
            return answer.get();
        });
    }

    private static Credentials presented(HttpServerRequest request) {
        Credentials presented =
                AuthorizationHeader.credentials(request.requestHeaders().get(HttpHeaderNames.AUTHORIZATION));
        if (!(presented instanceof Credentials.None)) {
            return presented;
        }
        Credentials[] shown = {presented};
        request.withConnection(connection -> shown[0] = PeerCredentials.certificate(connection.channel()));
        return shown[0];
    }

    private static String peer(HttpServerRequest request) {
        return "HTTP " + request.remoteAddress();
    }

    private Publisher<Void> refuse(HttpServerResponse response, LevadaException error) {
        if (error.code().httpStatus() == 401) {
            for (String challenge :
                    AuthorizationHeader.challenges(error.code(), doors.access().takesPasswords())) {
                response.addHeader(HttpHeaderNames.WWW_AUTHENTICATE, challenge);
            }
        }
        return Answers.json(response, error.code().httpStatus(), WireErrors.text(error));
    }
}
