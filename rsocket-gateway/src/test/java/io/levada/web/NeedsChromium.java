package io.levada.web;

import static java.lang.annotation.ElementType.TYPE;
import static java.lang.annotation.RetentionPolicy.RUNTIME;

import java.lang.annotation.Retention;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.platform.commons.annotation.Testable;
import org.junit.platform.commons.support.AnnotationSupport;
import org.junit.platform.commons.support.HierarchyTraversalMode;

/** On a class whose tests start a {@link Chromium}: skipped, loudly, where the browser or its driver is not installed. */
@Target(TYPE)
@Retention(RUNTIME)
@ExtendWith(NeedsChromium.Condition.class)
@interface NeedsChromium {
    /** Looked at before anything of the class runs. */
    final class Condition implements ExecutionCondition {
        @Override
        public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
            if (Chromium.isInstalled()) {
                return ConditionEvaluationResult.enabled("Chromium and its driver are there");
            }
            int tests = AnnotationSupport.findAnnotatedMethods(
                            context.getRequiredTestClass(), Testable.class, HierarchyTraversalMode.TOP_DOWN)
                    .size();
            return ConditionEvaluationResult.disabled(Machine.skipped(tests, "chromium or chromedriver"));
        }
    }
}
