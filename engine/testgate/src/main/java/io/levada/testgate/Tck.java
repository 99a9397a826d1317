package io.levada.testgate;

import java.util.ArrayList;
import java.util.List;
import org.testng.IObjectFactory2;
import org.testng.ITestListener;
import org.testng.ITestResult;
import org.testng.TestNG;

/**
 * Runs a verification of the Reactive Streams TCK, which is made of TestNG's tests, within a test of JUnit:
 *
 * <pre>{@code
 * Tck.verify(new Reading(), 20);   // Reading extends PublisherVerification<StoredRecord>
 * }</pre>
 *
 * Whoever uses this has {@code org.reactivestreams:reactive-streams-tck} among its dependencies. Safe for any thread.
 */
public final class Tck {
    private Tck() {}

    /**
     * Holds a publisher or subscriber against the rules.
     *
     * @param verification a public class of the TCK's kind, made without arguments or with any
     * @param atLeast how many rules must have been tried and found kept; others may not apply
     * @throws AssertionError with the rules that are broken
     */
    public static void verify(Object verification, int atLeast) {
        Report report = new Report();
        TestNG testng = new TestNG(false);
        testng.setUseDefaultListeners(false);
        testng.setVerbose(0);
        testng.setTestClasses(new Class<?>[] {verification.getClass()});
        testng.setObjectFactory((IObjectFactory2) type -> verification);
        testng.addListener(report);
        testng.run();
        if (!report.broken.isEmpty() || report.kept.size() < atLeast) {
            throw new AssertionError("of at least " + atLeast + " rules " + report.kept.size()
                    + " are kept, broken are " + report.broken);
        }
    }

    private static final class Report implements ITestListener {
        private final List<String> kept = new ArrayList<>();
        private final List<String> broken = new ArrayList<>();

        @Override
        public void onTestSuccess(ITestResult result) {
            kept.add(result.getName());
        }

        @Override
        public void onTestFailure(ITestResult result) {
            broken.add(result.getName() + ": " + result.getThrowable());
        }
    }
}
