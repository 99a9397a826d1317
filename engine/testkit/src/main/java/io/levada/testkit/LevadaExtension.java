package io.levada.testkit;

import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/**
 * Gives a test method, and the methods before and after it, a {@link TestLevada} of its own, which is closed behind it:
 * {@code @ExtendWith(LevadaExtension.class)}.
 */
public final class LevadaExtension implements ParameterResolver {
    private static final Namespace NAMESPACE = Namespace.create(LevadaExtension.class);

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
        return parameter.getParameter().getType() == TestLevada.class;
    }

    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
        return context.getStore(NAMESPACE)
                .computeIfAbsent(TestLevada.class, key -> TestLevada.start(), TestLevada.class);
    }
}
