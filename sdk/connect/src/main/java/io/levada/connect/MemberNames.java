package io.levada.connect;

/** Names of members, of which a log takes letters, digits and a few signs. */
final class MemberNames {
    private static final int LONGEST = 200;

    private MemberNames() {}

    static String of(String said) {
        String name = said.replaceAll("[^A-Za-z0-9._-]", "-");
        return name.length() > LONGEST ? name.substring(0, LONGEST) : name;
    }
}
