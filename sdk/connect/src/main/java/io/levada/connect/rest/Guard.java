package io.levada.connect.rest;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.access.AccessControl;
import io.levada.access.AuthorizationHeader;
import io.levada.access.Operation;
import io.levada.access.Principal;
import io.levada.access.ResourceType;
import io.levada.access.Rights;
import java.time.Duration;
import java.util.Objects;
import org.apache.kafka.connect.runtime.Herder;
import org.jspecify.annotations.Nullable;

/**
 * The one place where it is decided who may make a request: by the server's own verifier and rules, in which connectors are
 * resources. It asks before the herder is asked, so that what is forbidden and what is not there are answered alike. Blocks; safe
 * for any thread.
 */
final class Guard {
    /** The verifier gives up before. */
    private static final Duration LIMIT = Duration.ofSeconds(10);

    private final AccessControl access;
    private final Herder herder;

    /** Something that is to be done to a resource, to be noted. */
    private record Change(Operation operation, ResourceType type, String name) {}

    Guard(AccessControl access, Herder herder) {
        this.access = access;
        this.herder = herder;
    }

    /**
     * Finds out who makes a request.
     *
     * @param authorization the header, if there was one
     * @param peer where it comes from, for the log
     * @throws LevadaException with {@link ErrorCode#UNAUTHENTICATED} or {@link ErrorCode#TOKEN_EXPIRED} where that is to be
     *     known and is not
     */
    Rights recognise(Need need, @Nullable String authorization, String peer) {
        if (!access.asks() || isOpen(need)) {
            return access.rights(Principal.ANONYMOUS, peer);
        }
        Principal principal = access.authenticate(AuthorizationHeader.credentials(authorization), peer)
                .block(LIMIT);
        return access.rights(Objects.requireNonNull(principal, "a verifier answers or fails"), peer);
    }

    private boolean isOpen(Need need) {
        return need == Need.NOTHING || (need == Need.METRICS && access.openMetrics());
    }

    /**
     * Answers a request that is allowed.
     *
     * @throws LevadaException with {@link ErrorCode#CLUSTER_AUTHORIZATION_FAILED} where it is not
     */
    Answer answer(Routes.Match match, Request request) throws Throwable {
        Need need = match.need();
        Change change = access.asks() && !isOpen(need) ? allowed(need, request) : null;
        if (change == null) {
            return match.handler().answer(request);
        }
        Rights rights = request.rights();
        try {
            Answer answer = match.handler().answer(request);
            rights.note(change.operation, change.type, change.name, "done");
            return answer;
        } catch (Throwable e) {
            rights.note(change.operation, change.type, change.name, "HTTP_" + RestErrors.status(e));
            throw e;
        }
    }

    /** Fails for what is not allowed; gives what is to be noted of what is. */
    private @Nullable Change allowed(Need need, Request request) {
        return switch (need) {
            case NOTHING, PRINCIPAL -> null;
            case DESCRIBE -> {
                required(request, Operation.DESCRIBE, request.connector());
                yield null;
            }
            case CREATE -> {
                request.rights().requireSome(ResourceType.CONNECTOR, Operation.CREATE);
                yield required(request, Operation.CREATE, ConnectorRoutes.named(request.body(ConnectorRoutes.CREATE)));
            }
            case CREATE_OR_ALTER -> createOrAlter(request);
            case ALTER -> required(request, Operation.ALTER, request.connector());
            case DELETE -> required(request, Operation.DELETE, request.connector());
            case SEE_PLUGINS -> {
                request.rights().requireSome(ResourceType.CONNECTOR, Operation.DESCRIBE, Operation.CREATE);
                yield null;
            }
            case TRY_PLUGINS -> {
                request.rights().requireSome(ResourceType.CONNECTOR, Operation.CREATE, Operation.ALTER);
                yield null;
            }
            case METRICS -> {
                administered(request, "metrics");
                yield null;
            }
            case SEE_WORKER -> {
                administered(request, "loggers");
                yield null;
            }
            case CHANGE_WORKER -> administered(request, "loggers");
        };
    }

    /** Whoever may do one of both is told whether it is there, and nobody else. */
    private Change createOrAlter(Request request) {
        String connector = request.connector();
        if (!request.rights().allow(Operation.CREATE, ResourceType.CONNECTOR, connector)) {
            required(request, Operation.ALTER, connector);
        }
        boolean there = herder.connectors().contains(connector);
        return required(request, there ? Operation.ALTER : Operation.CREATE, connector);
    }

    private static Change required(Request request, Operation operation, String connector) {
        request.rights().require(operation, ResourceType.CONNECTOR, connector);
        return new Change(operation, ResourceType.CONNECTOR, connector);
    }

    private static Change administered(Request request, String what) {
        request.rights().require(Operation.ADMIN, ResourceType.SERVER, what);
        return new Change(Operation.ADMIN, ResourceType.SERVER, what);
    }

    /** What failed, as an answer; tells who was not recognised how to say who they are. */
    Answer refusal(Throwable error, String request) {
        Answer answer = RestErrors.answer(error, request);
        return error instanceof LevadaException ours && answer.status() == 401
                ? answer.with("WWW-Authenticate", AuthorizationHeader.challenges(ours.code(), access.takesPasswords()))
                : answer;
    }
}
