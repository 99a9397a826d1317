package io.levada.env;

/** Everything an engine takes from the world. */
public record Env(Disk disk, Clock clock, Randomness randomness, Scheduler scheduler) {}
