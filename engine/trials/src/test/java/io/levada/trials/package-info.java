/**
 * Trials of the real server in a process of its own: killed, its power cut, its disk failing and full. Start with {@code
 * Cycle}, which every trial repeats, and {@code Ledger}, which says whether anything was lost.
 */
@NullMarked
package io.levada.trials;

import org.jspecify.annotations.NullMarked;
