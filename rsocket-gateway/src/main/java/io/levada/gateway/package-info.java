/**
 * The server: any {@link io.levada.facade.Engine} over RSocket, on TCP and on WebSocket, and over HTTP. All work of one
 * connection runs on that connection's event loop; what the engine says on its own threads is handed over to it. Start at
 * {@link io.levada.gateway.GatewayServer}; {@link io.levada.gateway.OutboundBudget} is what keeps a peer that does not
 * read from costing more than its share.
 */
@NullMarked
package io.levada.gateway;

import org.jspecify.annotations.NullMarked;
