package io.levada.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.groups.GroupEvent;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class GroupWriterTest {
    private final VirtualTime time = new VirtualTime(1);
    private final SlowLog log = new SlowLog();
    private final List<String> heard = new ArrayList<>();
    private final GroupWriter writer =
            new GroupWriter(time.newLoop("groups"), log, error -> heard.add("failure " + error.code()));

    /** A log whose writes end when the test says so. */
    private static final class SlowLog implements GroupLog {
        private final List<List<GroupEvent>> written = new ArrayList<>();
        private final List<Consumer<@Nullable LevadaException>> open = new ArrayList<>();

        @Override
        public void replay(Consumer<GroupEvent> replayed) {
            written.forEach(events -> events.forEach(replayed));
        }

        @Override
        public void append(List<GroupEvent> events, Consumer<@Nullable LevadaException> done) {
            written.add(List.copyOf(events));
            open.add(done);
        }
    }

    private static GroupEvent event(String group) {
        return new GroupEvent.GroupGone(group);
    }

    private void write(String name, GroupEvent... events) {
        writer.write(List.of(events), new GroupWriter.Outcome() {
            @Override
            public void durable() {
                heard.add(name);
            }

            @Override
            public void failed(LevadaException error) {
                heard.add(name + " " + error.code());
            }
        });
    }

    private void end(@Nullable LevadaException error) {
        log.open.remove(0).accept(error);
        time.runAll();
    }

    @Test
    void nothing_to_write_and_nothing_before_it_is_durable_at_once() {
        write("a");
        assertEquals(List.of("a"), heard);
    }

    @Test
    void answers_wait_for_what_was_decided_before_them_even_without_events_of_their_own() {
        write("a", event("a"));
        write("b");
        assertEquals(List.of(), heard);
        end(null);
        assertEquals(List.of("a", "b"), heard);
        write("c");
        assertEquals(List.of("a", "b", "c"), heard);
    }

    @Test
    void whatever_gathers_during_a_write_is_one_write() {
        write("a", event("a"));
        write("b", event("b"));
        write("c", event("c"), event("d"));
        assertEquals(List.of(List.of(event("a"))), log.written);
        end(null);
        assertEquals(List.of(List.of(event("a")), List.of(event("b"), event("c"), event("d"))), log.written);
        assertEquals(List.of("a"), heard);
        end(null);
        assertEquals(List.of("a", "b", "c"), heard);
    }

    @Test
    void failed_write_fails_everything_behind_it_in_order() {
        write("a", event("a"));
        write("b", event("b"));
        write("c");
        end(new LevadaException(ErrorCode.STORAGE_FULL, "full"));
        assertEquals(List.of("failure STORAGE_FULL", "a STORAGE_FULL", "b STORAGE_FULL", "c STORAGE_FULL"), heard);
        assertEquals(1, log.written.size());
    }
}
