/**
 * The group coordinator as a pure state machine: who is a member, who owns which partition, what is committed. No
 * threads, I/O or clocks. Start at {@link io.levada.groups.GroupCoordinator}.
 */
@NullMarked
package io.levada.groups;

import org.jspecify.annotations.NullMarked;
