package io.levada.env;

/** What a name in a simulated directory stands for. */
sealed interface SimNode permits SimInode, SimDirectory {}
