/**
 * Who asks, what they may, and how much: one verifier of credentials, one decision on permissions, one decorator of the
 * engine that asks for it, for every transport. Of transports nothing is known here but the header of HTTP that more than
 * one program reads. Start at {@link io.levada.access.AccessControl}.
 */
@NullMarked
package io.levada.access;

import org.jspecify.annotations.NullMarked;
