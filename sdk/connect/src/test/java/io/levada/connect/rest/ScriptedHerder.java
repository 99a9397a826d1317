package io.levada.connect.rest;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.apache.kafka.connect.runtime.Herder;
import org.apache.kafka.connect.util.Callback;
import org.jspecify.annotations.Nullable;

/**
 * A herder that does, for each method, what a test says, and notes what it was asked. What a script returns or throws
 * goes to the callback where the method has one. A method without a script fails.
 */
final class ScriptedHerder implements InvocationHandler {
    /** Given back by a script whose callback is not to be called. */
    static final Object NEVER = new Object();

    private final Map<String, Script> scripts = new ConcurrentHashMap<>();
    private final List<String> calls = new CopyOnWriteArrayList<>();

    /** What a method does. */
    interface Script {
        /**
         * Answers a call.
         *
         * @param callback null where the method has none
         */
        @Nullable
        Object run(List<@Nullable Object> arguments, @Nullable Callback<Object> callback) throws Throwable;
    }

    Herder herder() {
        return (Herder) Proxy.newProxyInstance(Herder.class.getClassLoader(), new Class<?>[] {Herder.class}, this);
    }

    ScriptedHerder returns(String method, @Nullable Object result) {
        return on(method, (arguments, callback) -> result);
    }

    ScriptedHerder fails(String method, Throwable error) {
        return on(method, (arguments, callback) -> {
            throw error;
        });
    }

    ScriptedHerder on(String method, Script script) {
        scripts.put(method, script);
        return this;
    }

    /** Each call as {@code method[argument, ...]}, without its callback. */
    List<String> calls() {
        return List.copyOf(calls);
    }

    @Override
    @SuppressWarnings("unchecked")
    public @Nullable Object invoke(Object proxy, Method method, Object @Nullable [] arguments) throws Throwable {
        List<@Nullable Object> plain = new ArrayList<>();
        Callback<Object> callback = null;
        for (Object argument : arguments == null ? new Object[0] : arguments) {
            if (argument instanceof Callback<?> given) {
                callback = (Callback<Object>) given;
            } else {
                plain.add(argument);
            }
        }
        calls.add(method.getName() + plain);
        Script script = scripts.get(method.getName());
        if (script == null) {
            throw new UnsupportedOperationException("no script for " + method.getName());
        }
        if (callback == null) {
            return script.run(plain, null);
        }
        try {
            Object result = script.run(plain, callback);
            if (result != NEVER) {
                callback.onCompletion(null, result);
            }
        } catch (Throwable error) {
            callback.onCompletion(error, null);
        }
        return null;
    }
}
