/** What browsers and Node see of a server: pages, and the client in JavaScript. Chromium drives them; see Chromium. */
@NullMarked
package io.levada.web;

import org.jspecify.annotations.NullMarked;
