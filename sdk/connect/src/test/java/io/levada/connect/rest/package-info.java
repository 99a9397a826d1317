@NullMarked
package io.levada.connect.rest;

import org.jspecify.annotations.NullMarked;
