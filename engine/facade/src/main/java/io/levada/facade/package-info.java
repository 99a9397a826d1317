/**
 * Records over batches: the facade as a thin view of any {@link io.levada.facade.Engine}, which takes encoded batches and
 * gives encoded batches against credit. The embedded engine implements it in this process, the SDK over RSocket; start
 * at {@link io.levada.facade.EngineLevada}.
 */
@NullMarked
package io.levada.facade;

import org.jspecify.annotations.NullMarked;
