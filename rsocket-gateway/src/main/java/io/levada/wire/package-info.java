/**
 * What both faces of the server share: JSON in and out, errors as peers are told them, and the account of what each
 * connection holds. Start with {@link io.levada.wire.OutboundBudget}.
 */
@NullMarked
package io.levada.wire;

import org.jspecify.annotations.NullMarked;
