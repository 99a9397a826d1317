package io.levada.delivery;

import io.levada.env.Clock;
import io.levada.env.Loop;
import io.levada.env.Scheduler;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletionStage;

/** Loops whose tasks run one by one when a test says so, in an order drawn from a seed; its time stands still, and timers run when told to. */
final class ManualScheduler implements Scheduler, Clock {
    private final Random random;
    private final List<ManualLoop> loops = new ArrayList<>();
    private int tasksRun;

    ManualScheduler(long seed) {
        random = new Random(seed);
    }

    @Override
    public Loop newLoop(String name) {
        ManualLoop loop = new ManualLoop(name);
        loops.add(loop);
        return loop;
    }

    /** Runs one task of some loop; false when there is none. */
    boolean runOne() {
        List<ManualLoop> busy =
                loops.stream().filter(loop -> !loop.tasks.isEmpty()).toList();
        if (busy.isEmpty()) {
            return false;
        }
        ManualLoop loop = busy.get(random.nextInt(busy.size()));
        loop.running = true;
        try {
            loop.tasks.remove().run();
        } finally {
            loop.running = false;
        }
        tasksRun++;
        return true;
    }

    /** Runs so many tasks, or all there are. */
    void run(int tasks) {
        for (int i = 0; i < tasks && runOne(); i++) {
            // the condition does it
        }
    }

    void runAll() {
        run(10_000_000);
    }

    /** Lets the time come for all timers that are set, and runs all there is then. */
    void elapse() {
        for (ManualLoop loop : loops) {
            loop.tasks.addAll(loop.timers);
            loop.timers.clear();
        }
        runAll();
    }

    int tasksRun() {
        return tasksRun;
    }

    /** Tasks that wait on loops whose names begin like this. */
    int waitingTasks(String prefix) {
        return loops.stream()
                .filter(loop -> loop.name.startsWith(prefix))
                .mapToInt(loop -> loop.tasks.size())
                .sum();
    }

    @Override
    public <T> T await(CompletionStage<T> stage) {
        while (!stage.toCompletableFuture().isDone() && runOne()) {
            // the condition does it
        }
        if (!stage.toCompletableFuture().isDone()) {
            throw new IllegalStateException("nothing is left to run, and what is waited for has not come");
        }
        return stage.toCompletableFuture().join();
    }

    @Override
    public void close() {
        runAll();
    }

    @Override
    public long wallMs() {
        return 0;
    }

    @Override
    public long nanos() {
        return tasksRun;
    }

    private static final class ManualLoop implements Loop {
        private final String name;
        private final ArrayDeque<Runnable> tasks = new ArrayDeque<>();
        private final List<Runnable> timers = new ArrayList<>();
        private boolean running;

        ManualLoop(String name) {
            this.name = name;
        }

        @Override
        public void execute(Runnable task) {
            tasks.add(task);
        }

        @Override
        public Timer schedule(Duration delay, Runnable task) {
            timers.add(task);
            return () -> timers.remove(task);
        }

        @Override
        public boolean inLoop() {
            return running;
        }
    }
}
