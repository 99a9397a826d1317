package io.levada.access;

import io.levada.ErrorCode;
import java.util.Collections;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;

/** What permissions are about. */
public enum ResourceType {
    TOPIC(
            ErrorCode.TOPIC_AUTHORIZATION_FAILED,
            Operation.PUBLISH,
            Operation.READ,
            Operation.DESCRIBE,
            Operation.CREATE,
            Operation.ALTER,
            Operation.DELETE),
    GROUP(
            ErrorCode.GROUP_AUTHORIZATION_FAILED,
            Operation.COMMIT,
            Operation.DESCRIBE,
            Operation.ALTER,
            Operation.DELETE),
    CONNECTOR(
            ErrorCode.CLUSTER_AUTHORIZATION_FAILED,
            Operation.DESCRIBE,
            Operation.CREATE,
            Operation.ALTER,
            Operation.DELETE),
    /** A producer's name, whose owner fences all before. */
    PRODUCER(ErrorCode.CLUSTER_AUTHORIZATION_FAILED, Operation.PUBLISH),
    /** What is nobody's own. */
    SERVER(ErrorCode.CLUSTER_AUTHORIZATION_FAILED, Operation.ADMIN);

    private final ErrorCode denied;

    @SuppressWarnings("ImmutableEnumChecker") // unmodifiable, of enums; the JDK's type does not say so
    private final Set<Operation> operations;

    ResourceType(ErrorCode denied, Operation first, Operation... more) {
        this.denied = denied;
        this.operations = Collections.unmodifiableSet(EnumSet.of(first, more));
    }

    /** What its denial is called. */
    ErrorCode denied() {
        return denied;
    }

    /** What can be done with one. */
    Set<Operation> operations() {
        return operations;
    }

    /** As messages have it. */
    String spelled() {
        return name().toLowerCase(Locale.ROOT);
    }
}
