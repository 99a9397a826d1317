/** What browsers and Node see of a server: pages, and the client in JavaScript. */
@NullMarked
package io.levada.web;

import org.jspecify.annotations.NullMarked;
