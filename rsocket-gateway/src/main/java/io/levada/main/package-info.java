/**
 * The program: the CLI's commands, and those that run an engine in this process: {@code serve}, {@code demo} and
 * {@code log}. Start at {@link io.levada.main.Main}.
 */
@NullMarked
package io.levada.main;

import org.jspecify.annotations.NullMarked;
