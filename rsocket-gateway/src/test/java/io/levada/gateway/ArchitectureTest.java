package io.levada.gateway;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.lang.ArchRule;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.reactivestreams.Publisher;
import org.reactivestreams.Subscription;
import reactor.core.publisher.BaseSubscriber;

/** Imports go one way, and what is foreign stays where it belongs; with controls that each rule can fail. */
final class ArchitectureTest {
    private static final String API = "io.levada";
    private static final List<Path> MODULES = Stream.of(
                    "../engine/api",
                    "../engine/protocol",
                    "../engine/env",
                    "../engine/facade",
                    "../engine/log",
                    "../engine/groups",
                    "../engine/delivery",
                    "../engine/core",
                    "../engine/kafka",
                    "../engine/access",
                    "../engine/testkit",
                    "../sdk/java",
                    "../sdk/observation",
                    "../sdk/cli",
                    ".")
            .map(module -> Path.of(module, "target", "classes"))
            .toList();
    private static final JavaClasses CLASSES = new ClassFileImporter().importPaths(MODULES);
    /** Classes of this module's tests that break each rule once, for the controls. */
    private static final JavaClasses BROKEN =
            new ClassFileImporter().importPath(Path.of("target/test-classes/io/levada/log"));

    private static final ArchRule NO_REACTOR = noClasses()
            .that()
            .resideInAnyPackage("io.levada.protocol", "io.levada.log", "io.levada.groups", "io.levada.env")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("reactor..");
    private static final ArchRule NO_RSOCKET = noClasses()
            .that(areNotOf("gateway", "sdk", "main"))
            .should()
            .dependOnClassesThat()
            .resideInAPackage("io.rsocket..");
    /** Besides these, sdk/connect, which is no part of the one jar. */
    private static final ArchRule NO_KAFKA =
            noClasses().that(areNotOf("kafka")).should().dependOnClassesThat().resideInAPackage("org.apache.kafka..");
    /** What alone knows how much memory there is for buffers. */
    private static final String DIRECT_MEMORY = "io.netty.util.internal.PlatformDependent";

    private static final ArchRule BYTEBUF_ALONE = noClasses()
            .that(areNotOf("gateway", "rest", "sdk", "main"))
            .should()
            .dependOnClassesThat(describe(
                    "are Netty's, and neither buffers nor their counting nor the memory there is for them",
                    type -> type.getPackageName().startsWith("io.netty.")
                            && !type.getPackageName().equals("io.netty.buffer")
                            && !type.getPackageName().equals("io.netty.util")
                            && !type.getFullName().equals(DIRECT_MEMORY)));
    private static final ArchRule NO_DRAWERS =
            noClasses().should().resideInAnyPackage("..impl..", "..util..", "..common..", "..internal..");

    private static final ArchRule FLAT = classes()
            .should()
            .resideInAnyPackage(
                    "io.levada",
                    "io.levada.env",
                    "io.levada.protocol",
                    "io.levada.groups",
                    "io.levada.facade",
                    "io.levada.log",
                    "io.levada.delivery",
                    "io.levada.engine",
                    "io.levada.kafka",
                    "io.levada.wire",
                    "io.levada.rest",
                    "io.levada.access",
                    "io.levada.gateway",
                    "io.levada.sdk",
                    "io.levada.observation",
                    "io.levada.cli",
                    "io.levada.testkit",
                    "io.levada.testkit.contract",
                    "io.levada.main");

    /** Publishers and subscriptions written by hand, each held against the Reactive Streams TCK by the tests of its module. */
    private static final Set<String> TRIED_BY_THE_TCK = Set.of(
            "io.levada.facade.AssignmentsStream",
            "io.levada.facade.EngineGroup$1",
            "io.levada.facade.EngineGroup$2",
            "io.levada.facade.OwnedAssignment$1",
            "io.levada.facade.OwnedAssignment$Deliveries",
            "io.levada.facade.PublishFlux",
            "io.levada.facade.PublishStream",
            "io.levada.facade.ReadFlux",
            "io.levada.facade.ReadFlux$Stream",
            "io.levada.facade.ReceiveStream",
            "io.levada.sdk.Outbox");

    /** Lambdas have no class to be found here: a publisher is to be a class. */
    private static Set<String> publishersByHand(JavaClasses classes) {
        return classes.stream()
                .filter(type -> type.isAssignableTo(Publisher.class) || type.isAssignableTo(Subscription.class))
                .filter(type -> !type.isAssignableTo(BaseSubscriber.class))
                .filter(type -> !type.isInterface() && !type.getModifiers().contains(JavaModifier.ABSTRACT))
                .map(JavaClass::getName)
                .collect(Collectors.toSet());
    }

    private static String packageOf(String module) {
        return module.equals("api") ? API : API + "." + module;
    }

    private static DescribedPredicate<JavaClass> areNotOf(String... modules) {
        Set<String> packages =
                Set.of(Stream.of(modules).map(ArchitectureTest::packageOf).toArray(String[]::new));
        return describe("are not of " + packages, type -> !packages.contains(type.getPackageName()));
    }

    private static ArchRule imports(String module, String allowed) {
        Set<String> packages = Set.of(Stream.concat(Stream.of(module), Stream.of(allowed.split(" ")))
                .filter(name -> !name.isEmpty())
                .map(ArchitectureTest::packageOf)
                .toArray(String[]::new));
        return noClasses()
                .that()
                .resideInAPackage(packageOf(module))
                .should()
                .dependOnClassesThat(describe(
                        "are Levada's, and of other packages than " + packages,
                        type -> (type.getPackageName() + ".").startsWith(API + ".")
                                && !packages.contains(type.getPackageName())));
    }

    private static void canFail(ArchRule rule, String why) {
        AssertionError broken = assertThrows(AssertionError.class, () -> rule.check(BROKEN));
        assertTrue(String.valueOf(broken.getMessage()).contains(why), broken.getMessage());
    }

    @Test
    void every_module_is_looked_at() {
        for (Path module : MODULES) {
            assertTrue(Files.isDirectory(module), module + " is not built");
        }
        for (String module :
                List.of("api", "protocol", "env", "facade", "log", "groups", "delivery", "engine", "kafka", "access")) {
            assertTrue(CLASSES.stream().anyMatch(type -> type.getPackageName().equals(packageOf(module))), module);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "api,      ''",
        "env,      ''",
        "protocol, api",
        "groups,   api",
        "facade,   api protocol",
        "log,      api protocol env",
        "delivery, api protocol env facade",
        "engine,   api protocol env facade log groups delivery",
        "kafka,    api protocol env facade delivery",
        "wire,     api protocol facade",
        "observation, api",
        "rest,     api protocol facade wire observation",
        "access,   api facade",
        "gateway,  api protocol facade delivery wire rest access",
        "sdk,      api protocol facade",
        "cli,      api",
        "testkit,  api env facade engine",
        "testkit.contract, api testkit"
    })
    void imports_go_one_way(String module, String allowed) {
        imports(module, allowed).check(CLASSES);
    }

    @Test
    void reactor_stays_out_of_what_is_pure() {
        NO_REACTOR.check(CLASSES);
    }

    @Test
    void rsocket_stays_in_the_gateway_and_the_sdk() {
        NO_RSOCKET.check(CLASSES);
    }

    @Test
    void kafkas_clients_stay_in_the_engine_on_a_cluster() {
        NO_KAFKA.check(CLASSES);
    }

    @Test
    void of_netty_the_engine_knows_buffers_alone() {
        BYTEBUF_ALONE.check(CLASSES);
    }

    @Test
    void every_publisher_written_by_hand_is_known_to_pass_the_tck() {
        assertEquals(TRIED_BY_THE_TCK, publishersByHand(CLASSES));
        assertEquals(Set.of("io.levada.log.UntriedPublisher"), publishersByHand(BROKEN));
    }

    @Test
    void no_package_is_a_drawer() {
        NO_DRAWERS.check(CLASSES);
    }

    @Test
    void packages_are_flat_and_known_to_the_rules() {
        FLAT.check(CLASSES);
    }

    @Test
    void each_rule_fails_for_what_breaks_it() {
        canFail(imports("log", "api protocol env"), "io.levada.facade.Engine");
        canFail(NO_REACTOR, "reactor.core.publisher.Mono");
        canFail(NO_RSOCKET, "io.rsocket.RSocket");
        canFail(NO_KAFKA, "org.apache.kafka.common.Node");
        canFail(BYTEBUF_ALONE, "io.netty.channel.Channel");
        canFail(NO_DRAWERS, "io.levada.log.util");
        canFail(FLAT, "io.levada.log.util");
    }
}
