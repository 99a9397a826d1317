@NullMarked
package io.levada.rest;

import org.jspecify.annotations.NullMarked;
