package io.levada;

import java.util.Collection;
import java.util.List;
import java.util.TreeSet;

/**
 * A pattern of topics' names, in which each {@code *} stands for any characters, or none: {@code orders-*}. Members of groups
 * may subscribe to one where a name could stand, and get the topics that match as they come to be.
 */
public final class TopicPattern {
    private TopicPattern() {}

    /** No name of a topic has a {@code *}. */
    public static boolean isPattern(String subscribed) {
        return subscribed.indexOf('*') >= 0;
    }

    /** Whether it is a pattern that a name could match. */
    public static boolean isValid(String pattern) {
        return isPattern(pattern) && TopicSpec.isName(pattern.replace('*', 'x'));
    }

    /** The names that are subscribed to, in order; a name stands for itself, whether it is there or not. */
    public static List<String> expand(List<String> subscribed, Collection<String> topics) {
        if (subscribed.stream().noneMatch(TopicPattern::isPattern)) {
            return subscribed;
        }
        TreeSet<String> names = new TreeSet<>();
        for (String each : subscribed) {
            if (isPattern(each)) {
                topics.stream().filter(topic -> matches(each, topic)).forEach(names::add);
            } else {
                names.add(each);
            }
        }
        return List.copyOf(names);
    }

    /**
     * Takes at most the product of both lengths: behind a {@code *}, only the last one seen is ever tried again, since one
     * before it could match nothing that this one cannot.
     */
    public static boolean matches(String pattern, String name) {
        int at = 0;
        int star = -1;
        int retry = 0;
        for (int i = 0; i < name.length(); ) {
            if (at < pattern.length() && pattern.charAt(at) == '*') {
                star = at++;
                retry = i;
            } else if (at < pattern.length() && pattern.charAt(at) == name.charAt(i)) {
                at++;
                i++;
            } else if (star >= 0) {
                at = star + 1;
                i = ++retry;
            } else {
                return false;
            }
        }
        while (at < pattern.length() && pattern.charAt(at) == '*') {
            at++;
        }
        return at == pattern.length();
    }
}
