package io.levada.connect.rest;

import jakarta.ws.rs.core.Response.Status;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.apache.kafka.connect.runtime.rest.RestRequestTimeout;
import org.apache.kafka.connect.runtime.rest.errors.ConnectRestException;
import org.apache.kafka.connect.util.FutureCallback;
import org.apache.kafka.connect.util.StagedTimeoutException;

/** Waits, within limits, for what the herder calls back; what it fails with is thrown as it is. */
final class HerderCalls {
    private final RestRequestTimeout limits;

    HerderCalls(RestRequestTimeout limits) {
        this.limits = limits;
    }

    /** Waits as long as a request may take; beyond that it fails, and says what the worker was doing. */
    <T> T await(Consumer<FutureCallback<T>> call) throws Throwable {
        try {
            return await(call, limits.timeoutMs());
        } catch (StagedTimeoutException e) {
            throw failed("Request timed out. " + e.stage().summarize());
        } catch (TimeoutException e) {
            throw failed("Request timed out");
        }
    }

    /** Waits as long as a look at the worker's health may take. */
    void awaitHealth(Consumer<FutureCallback<Void>> call) throws Throwable {
        await(call, limits.healthCheckTimeoutMs());
    }

    private static <T> T await(Consumer<FutureCallback<T>> call, long timeoutMs) throws Throwable {
        FutureCallback<T> answer = new FutureCallback<>();
        call.accept(answer);
        try {
            return answer.get(timeoutMs, TimeUnit.MILLISECONDS);
        } catch (ExecutionException e) {
            throw e.getCause();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw failed("Request interrupted");
        }
    }

    private static ConnectRestException failed(String message) {
        return new ConnectRestException(Status.INTERNAL_SERVER_ERROR, message);
    }
}
