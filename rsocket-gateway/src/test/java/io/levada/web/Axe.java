package io.levada.web;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** axe-core, which finds what keeps people from using a page: too little contrast, parts without a name, wrong roles. */
final class Axe {
    private static final String SOURCE = source();

    private Axe() {}

    private static String source() {
        String path = "/axe.min.js";
        try (InputStream in = Axe.class.getResourceAsStream(path)) {
            if (in == null) {
                throw new AssertionError(path + " is not on the class path");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** What is wrong with the page as it is now, a line each: the rule, and where. Loads nothing, which a policy might forbid. */
    static List<String> violations(Chromium browser) {
        browser.driver().executeScript(SOURCE);
        JsonNode found = browser.eval("return (await axe.run({preload: false})).violations.flatMap(({id, nodes}) =>"
                + " nodes.map(({target, failureSummary}) => `${id}: ${target.join(' ')}: ${failureSummary}`))");
        List<String> violations = new ArrayList<>();
        found.forEach(each -> violations.add(each.asText()));
        return violations;
    }
}
