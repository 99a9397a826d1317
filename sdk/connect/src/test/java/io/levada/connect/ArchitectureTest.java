package io.levada.connect;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.lang.ArchRule;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** A worker knows the facade, who may do what, and Kafka Connect, and nothing of how a log is made. */
class ArchitectureTest {
    private static final JavaClasses CLASSES = new ClassFileImporter().importPath(Path.of("target", "classes"));

    private static ArchRule ofLevadaTheFacadeAndAccessAlone() {
        DescribedPredicate<JavaClass> others = DescribedPredicate.describe(
                "other packages of Levada",
                type -> type.getPackageName().startsWith("io.levada")
                        && !type.getPackageName().equals("io.levada")
                        && !type.getPackageName().equals("io.levada.access")
                        && !type.getPackageName().startsWith("io.levada.connect"));
        return noClasses().should().dependOnClassesThat(others);
    }

    private static ArchRule without(String... packages) {
        return noClasses().should().dependOnClassesThat().resideInAnyPackage(packages);
    }

    @Test
    void of_levada_it_knows_the_facade_and_who_may_do_what() {
        ofLevadaTheFacadeAndAccessAlone().check(CLASSES);
    }

    @Test
    void it_knows_neither_netty_nor_rsocket() {
        without("io.netty..", "io.rsocket..").check(CLASSES);
    }

    /** Connectors themselves run for whoever made them: who that may be is asked where requests come in. */
    @Test
    void who_may_do_what_is_asked_by_the_rest_api_alone() {
        noClasses()
                .that()
                .resideOutsideOfPackage("io.levada.connect.rest")
                .and()
                .doNotHaveFullyQualifiedName(ConnectCommand.class.getName())
                .should()
                .dependOnClassesThat()
                .resideInAPackage("io.levada.access")
                .check(CLASSES);
    }

    /** Else every change of Connect would reach into all of it: what is Connect's own knows nothing of Levada. */
    @Test
    void what_is_in_kafkas_package_knows_nothing_of_levada() {
        noClasses()
                .that()
                .resideInAPackage("org.apache.kafka..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("io.levada..")
                .check(CLASSES);
    }

    @Test
    void each_rule_can_fail() {
        assertThrows(AssertionError.class, () -> without("org.apache.kafka..").check(CLASSES));
        assertThrows(AssertionError.class, () -> noClasses()
                .should()
                .dependOnClassesThat()
                .resideInAPackage("io.levada.connect.rest")
                .check(CLASSES));
    }
}
