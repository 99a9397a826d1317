/**
 * Levada beside others, each in its own process: {@link io.levada.benchmarks.peers.Peers} starts the {@link
 * io.levada.benchmarks.peers.Server servers} and for each a {@link io.levada.benchmarks.peers.Driver}, which does the work
 * through that system's {@link io.levada.benchmarks.peers.Client}; {@link io.levada.benchmarks.peers.Report} keeps the figures.
 */
@NullMarked
package io.levada.benchmarks.peers;

import org.jspecify.annotations.NullMarked;
