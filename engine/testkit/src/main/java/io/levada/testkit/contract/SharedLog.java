package io.levada.testkit.contract;

import io.levada.Levada;
import io.levada.LevadaOptions;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/** Opens one log for all tests of a class, with default options, and closes it behind the last. */
final class SharedLog implements ParameterResolver {
    private static final Namespace NAMESPACE = Namespace.create(SharedLog.class);

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
        return parameter.getParameter().getType() == Levada.class;
    }

    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
        ContractBase contract = (ContractBase) context.getRequiredTestInstance();
        ExtensionContext ofClass = context.getParent().orElse(context);
        return ofClass.getStore(NAMESPACE)
                .computeIfAbsent(Opened.class, key -> new Opened(contract.open(LevadaOptions.defaults())), Opened.class)
                .log();
    }

    /** What the store closes behind the last test of the class. */
    private record Opened(Levada log) implements AutoCloseable {
        @Override
        public void close() {
            log.close();
        }
    }
}
