package io.levada.log.util;

/** Stands in a package that no class should stand in. */
final class Drawer {
    private Drawer() {}
}
