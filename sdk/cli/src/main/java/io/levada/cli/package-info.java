/**
 * The commands that people and scripts use, over the facade alone: {@code topic}, {@code publish}, {@code consume},
 * {@code group}. Start at {@link io.levada.cli.LevadaCli}, to which a program adds commands of its own.
 */
@NullMarked
package io.levada.cli;

import org.jspecify.annotations.NullMarked;
