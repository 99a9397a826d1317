/**
 * The log over plain HTTP: publishing, pages, live streams, groups by claims, administration. A request enters at {@link
 * io.levada.rest.RestRoutes}, is served on its connection's event loop, and holds no more than its connection may.
 */
@NullMarked
package io.levada.rest;

import org.jspecify.annotations.NullMarked;
