package io.levada.groups;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.TopicPartition;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class GroupEventCodecTest {
    private static final TopicPartition PARTITION = new TopicPartition("flights", 3);

    static List<GroupEvent> events() {
        Member member = new Member("m\"1", 1L << 53 | 1, "i", List.of("a", "b"), "offset:7", 12, 99, true);
        return List.of(
                new GroupEvent.Epoch("g", Long.MAX_VALUE, 7),
                new GroupEvent.MemberSet("g", member),
                new GroupEvent.MemberGone("g", "m\"1"),
                new GroupEvent.PartitionSet("g", PARTITION, new Ownership("m", 4, 12, Ownership.KEPT)),
                new GroupEvent.PartitionFreed("g", PARTITION),
                new GroupEvent.Committed("g", PARTITION, new UUID(1, 2), 1L << 40),
                new GroupEvent.Committed("g", PARTITION, new UUID(1, 2), 7, true, "why"),
                new GroupEvent.CommitGone("g", PARTITION),
                new GroupEvent.GroupGone("g"));
    }

    @ParameterizedTest
    @MethodSource("events")
    void events_survive_the_way_to_bytes_and_back(GroupEvent event) {
        assertEquals(event, GroupEventCodec.decode(GroupEventCodec.key(event), GroupEventCodec.value(event)));
    }

    /** What is written here must be read for ever. */
    @Test
    void bytes_are_those_of_the_format() {
        GroupEvent commit = new GroupEvent.Committed("g", PARTITION, new UUID(1, 2), 5);
        assertEquals("[\"commit\",\"g\",\"flights\",3]", new String(GroupEventCodec.key(commit), UTF_8));
        assertEquals(
                "{\"v\":1,\"topicId\":\"00000000-0000-0001-0000-000000000002\",\"offset\":5}",
                text(GroupEventCodec.value(commit)));
        assertNull(GroupEventCodec.value(new GroupEvent.CommitGone("g", PARTITION)));
        GroupEvent epoch = new GroupEvent.Epoch("g", 3, 2);
        assertEquals("[\"epoch\",\"g\"]", new String(GroupEventCodec.key(epoch), UTF_8));
        assertEquals("{\"v\":1,\"generation\":3,\"lastHandle\":2}", text(GroupEventCodec.value(epoch)));
    }

    private static String text(byte @Nullable [] bytes) {
        return bytes == null ? "" : new String(bytes, UTF_8);
    }

    @Test
    void later_versions_and_damage_are_refused_and_added_fields_are_not() {
        assertEquals(
                new GroupEvent.Epoch("g", 3, 2),
                decode("[\"epoch\",\"g\"]", "{\"v\":1,\"generation\":3,\"lastHandle\":2,\"more\":[]}"));
        refused(ErrorCode.UNSUPPORTED_VERSION, "[\"epoch\",\"g\"]", "{\"v\":2}");
        refused(ErrorCode.UNSUPPORTED_VERSION, "[\"else\",\"g\"]", "{\"v\":1}");
        refused(ErrorCode.CORRUPT_MESSAGE, "[\"epoch\",\"g\"]", "{\"v\":1}");
        refused(ErrorCode.CORRUPT_MESSAGE, "[\"epoch\",\"g\"]", "{");
        refused(ErrorCode.CORRUPT_MESSAGE, "[]", "{\"v\":1}");
        refused(ErrorCode.CORRUPT_MESSAGE, "[\"commit\",\"g\",\"t\",0]", "{\"v\":1,\"topicId\":\"x\",\"offset\":1}");
    }

    private static GroupEvent decode(String key, String value) {
        return GroupEventCodec.decode(key.getBytes(UTF_8), value.getBytes(UTF_8));
    }

    private static void refused(ErrorCode code, String key, String value) {
        assertEquals(
                code,
                assertThrows(LevadaException.class, () -> decode(key, value)).code());
    }
}
