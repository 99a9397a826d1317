package io.levada;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.SplittableRandom;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class TopicPatternTest {
    @Test
    void matches_what_the_same_regular_expression_matches() {
        SplittableRandom random = new SplittableRandom(7);
        int matched = 0;
        for (int i = 0; i < 20_000; i++) {
            String pattern = word(random, "ab*", 6);
            String name = word(random, "ab", 8);
            boolean expected = Pattern.matches(pattern.replace("*", ".*"), name);
            assertEquals(expected, TopicPattern.matches(pattern, name), pattern + " and " + name);
            matched += expected ? 1 : 0;
        }
        assertTrue(matched > 1_000);
    }

    private static String word(SplittableRandom random, String letters, int most) {
        StringBuilder word = new StringBuilder();
        for (int i = random.nextInt(most + 1); i > 0; i--) {
            word.append(letters.charAt(random.nextInt(letters.length())));
        }
        return word.toString();
    }

    @Test
    void names_stand_for_themselves_and_patterns_for_what_is_there() {
        List<String> there = List.of("orders-eu", "orders-us", "flights");
        assertEquals(
                List.of("absent", "orders-eu", "orders-us"), TopicPattern.expand(List.of("orders-*", "absent"), there));
        assertEquals(List.of("absent"), TopicPattern.expand(List.of("absent"), there));
        assertEquals(List.of(), TopicPattern.expand(List.of("x*"), there));
    }

    @Test
    void only_patterns_that_a_name_could_match_are_valid() {
        assertTrue(TopicPattern.isValid("*"));
        assertTrue(TopicPattern.isValid("a.*"));
        assertFalse(TopicPattern.isValid("a"));
        assertFalse(TopicPattern.isValid("a/*"));
        assertFalse(TopicPattern.isValid("*".repeat(201)));
    }
}
