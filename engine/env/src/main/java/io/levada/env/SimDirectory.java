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

    /** New names of what was renamed and not forced, by the old ones: a crash finds both as before or both as after. */
    private final Map<String, String> renamed = new TreeMap<>();

    void rename(String from, String to, SimNode node) {
        seen.remove(from);
        seen.put(to, node);
        renamed.put(from, to);
    }

    void force() {
        renamed.clear();
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
        Map<String, Boolean> keptNames = new TreeMap<>();
        for (String name : names) {
            SimNode before = kept.get(name);
            SimNode after = seen.get(name);
            boolean keeps = before == after || style.keeps(random);
            keeps = keptNames.getOrDefault(renamed.getOrDefault(name, ""), keeps);
            keptNames.put(name, keeps);
            SimNode chosen = keeps ? after : before;
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
