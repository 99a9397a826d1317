package io.levada.env;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

/** A directory's names as programs see them and as the medium has them. For one thread at a time. */
final class SimDirectory implements SimNode {
    final Map<String, SimNode> seen = new TreeMap<>();
    private final Map<String, SimNode> kept = new TreeMap<>();

    void force() {
        kept.clear();
        kept.putAll(seen);
    }

    /** Takes all names and bytes, as programs see them, into a digest. */
    void digest(MessageDigest digest) {
        seen.forEach((name, node) -> {
            digest.update(name.getBytes(StandardCharsets.UTF_8));
            if (node instanceof SimDirectory directory) {
                digest.update((byte) '/');
                directory.digest(digest);
                digest.update((byte) '\\');
            } else if (node instanceof SimInode file) {
                file.digest(digest);
            }
        });
    }

    /** What is found after a crash: each name whose change was not forced is as before or as after. */
    SimDirectory afterCrash(SimRandomness random, SimDisk.CrashStyle style, Map<SimInode, SimInode> files) {
        SimDirectory found = new SimDirectory();
        TreeSet<String> names = new TreeSet<>(seen.keySet());
        names.addAll(kept.keySet());
        for (String name : names) {
            SimNode before = kept.get(name);
            SimNode after = seen.get(name);
            SimNode chosen = before == after || style.keeps(random) ? after : before;
            if (chosen instanceof SimDirectory directory) {
                found.seen.put(name, directory.afterCrash(random, style, files));
            } else if (chosen instanceof SimInode file) {
                found.seen.put(name, files.computeIfAbsent(file, old -> old.afterCrash(random, style)));
            }
        }
        found.force();
        return found;
    }
}
