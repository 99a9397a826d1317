package io.levada.connect.rest;

import io.levada.LevadaException;
import org.apache.kafka.connect.errors.AlreadyExistsException;
import org.apache.kafka.connect.errors.NotFoundException;
import org.apache.kafka.connect.runtime.distributed.RebalanceNeededException;
import org.apache.kafka.connect.runtime.distributed.RequestTargetException;
import org.apache.kafka.connect.runtime.rest.entities.ErrorMessage;
import org.apache.kafka.connect.runtime.rest.errors.ConnectRestException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The one place where errors become answers, by Kafka's {@code ConnectExceptionMapper}. */
final class RestErrors {
    private static final Logger LOG = LoggerFactory.getLogger(RestErrors.class);

    private RestErrors() {}

    /**
     * The answer to a request that failed.
     *
     * @param request its method and path, for the log
     */
    static Answer answer(Throwable error, String request) {
        if (error instanceof ConnectRestException rest) {
            LOG.debug("{} is refused", request, error);
            Answer answer = Answer.of(rest.statusCode(), new ErrorMessage(rest.errorCode(), rest.getMessage()));
            return rest instanceof Routes.WrongMethod wrong ? answer.with("Allow", wrong.allowed()) : answer;
        }
        int status = status(error);
        if (status == 500) {
            LOG.error("{} failed", request, error);
        } else {
            LOG.debug("{} is refused", request, error);
        }
        return Answer.error(status, error.getMessage());
    }

    /** What a failed request is answered with. */
    static int status(Throwable error) {
        if (error instanceof ConnectRestException rest) {
            return rest.statusCode();
        } else if (error instanceof NotFoundException) {
            return 404;
        } else if (error instanceof AlreadyExistsException
                || error instanceof RebalanceNeededException
                || error instanceof RequestTargetException) {
            return 409; // the last two: there is no other worker to ask instead, as Kafka would
        }
        return LevadaException.of(error).code().httpStatus(); // 500 for what is not ours
    }
}
