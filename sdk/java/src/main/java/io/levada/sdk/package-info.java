/**
 * The remote client: an {@link io.levada.facade.Engine} whose other half is a Levada server, over one RSocket connection.
 * Applications come in through {@link io.levada.Levada#open}, which finds {@link io.levada.sdk.RemoteProvider}; the wire is
 * described in engine/docs/PROTOCOL.md.
 */
@NullMarked
package io.levada.sdk;

import org.jspecify.annotations.NullMarked;
