package io.levada.gateway;

import io.levada.Groups;
import io.levada.Topics;
import io.levada.facade.Engine;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Engines with one call that nobody checks, for the controls. */
final class Forgetful {
    /** What leads on to what is guarded, and what only the server itself calls, of the engine itself. */
    private static final List<String> UNGUARDED =
            List.of("topics()", "groups()", "readTotals()", "totals()", "health()", "shutdown()", "close()");

    private Forgetful() {}

    /** What of an engine is to be checked, as {@link #spelled}. */
    static List<String> calls() {
        List<String> calls = new ArrayList<>();
        for (Class<?> type : List.of(Topics.class, Groups.class, Engine.class)) {
            Arrays.stream(type.getMethods())
                    .filter(method -> !Modifier.isStatic(method.getModifiers()))
                    .map(Forgetful::spelled)
                    .filter(call -> !UNGUARDED.contains(call.substring(call.indexOf('.') + 1)))
                    .forEach(calls::add);
        }
        return calls.stream().sorted().toList();
    }

    private static String spelled(Method method) {
        return method.getDeclaringClass().getSimpleName() + "." + method.getName()
                + Arrays.stream(method.getParameterTypes())
                        .map(Class::getSimpleName)
                        .toList()
                        .toString()
                        .replace('[', '(')
                        .replace(']', ')');
    }

    /** The guarded engine, but for one call, which goes to the real one. */
    static Engine of(Engine guarded, Engine real, String forgotten) {
        Topics topics = proxy(Topics.class, guarded.topics(), real.topics(), forgotten);
        Groups groups = proxy(Groups.class, guarded.groups(), real.groups(), forgotten);
        Engine engine = proxy(Engine.class, guarded, real, forgotten);
        return (Engine) Proxy.newProxyInstance(
                Forgetful.class.getClassLoader(),
                new Class<?>[] {Engine.class},
                (self, method, arguments) -> switch (method.getName()) {
                    case "topics" -> topics;
                    case "groups" -> groups;
                    default -> invoke(engine, method, arguments);
                });
    }

    private static <T> T proxy(Class<T> type, T guarded, T real, String forgotten) {
        return type.cast(Proxy.newProxyInstance(
                Forgetful.class.getClassLoader(),
                new Class<?>[] {type},
                (self, method, arguments) ->
                        invoke(spelled(method).equals(forgotten) ? real : guarded, method, arguments)));
    }

    private static Object invoke(Object target, Method method, Object[] arguments) throws Throwable {
        try {
            return method.invoke(target, arguments);
        } catch (InvocationTargetException e) {
            throw e.getCause();
        }
    }
}
