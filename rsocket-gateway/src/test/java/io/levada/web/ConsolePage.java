package io.levada.web;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.openqa.selenium.By;
import org.openqa.selenium.Keys;
import org.openqa.selenium.WebElement;

/**
 * The console as its users meet it: by the words on it. What is looked for is looked for in the dialog, where one is open,
 * and is waited for.
 */
final class ConsolePage {
    /** What the page shows, as one text; a dialog hides what is behind it. */
    private static final String SHOWN =
            "(document.querySelector('dialog') ?? document.body).innerText.replace(/\\s+/g, ' ')";

    private static final String AXE = axe();

    private final Chromium browser;
    private final String url;

    ConsolePage(Chromium browser, WebServer server) {
        this.browser = browser;
        this.url = server.http() + "/";
    }

    /** Loads the console anew, at a view such as {@code #/topics}. */
    void open(String view) {
        browser.open("about:blank"); // else nothing but the hash would change
        browser.open(url + view);
        browser.until("document.querySelector('main h1')");
    }

    /** Goes to a view as a link would. */
    void go(String view) {
        browser.eval("location.hash = '" + view + "'");
        browser.until("document.querySelector('main h1')");
    }

    /** Waits until the page, or its dialog, shows a text. */
    void shows(String text) {
        browser.until(SHOWN + ".includes(" + quoted(text) + ")");
    }

    void showsNot(String text) {
        browser.until("!" + SHOWN + ".includes(" + quoted(text) + ")");
    }

    String text() {
        return browser.eval("return " + SHOWN).asText();
    }

    /** Waits until an element of CSS has a text. */
    void shows(String css, String text) {
        browser.until("[...document.querySelectorAll(" + quoted(css) + ")].some(each => each.innerText.includes("
                + quoted(text) + "))");
    }

    /** Clicks on the button, link or line of this name. */
    void press(String name) {
        String wanted = "[...(document.querySelector('dialog') ?? document).querySelectorAll('button, a, summary')]"
                + ".find(each => each.innerText.trim() === " + quoted(name)
                + " && each.checkVisibility() && !each.disabled)";
        browser.until(wanted);
        WebElement found = Objects.requireNonNull((WebElement) browser.driver().executeScript("return " + wanted));
        found.click();
    }

    /** From here on notes how much the page holds, and how long it is busy at a time. */
    void watch() {
        browser.eval("""
                window.most = 0;
                new MutationObserver(() => window.most = Math.max(window.most, document.getElementsByTagName('*').length))
                    .observe(document.body, {childList: true, subtree: true});
                window.longest = 0;
                new PerformanceObserver(list => list.getEntries().forEach(one => window.longest = Math.max(window.longest, one.duration)))
                    .observe({type: 'longtask', buffered: true});""");
    }

    /**
     * However much there is to show, the page held few elements at any time since {@link #watch}: that is what keeps it from freezing.
     * How long it was busy is told, and fails nothing, as that is the machine's, too.
     */
    void staysLight(String beside) {
        int most = browser.eval("return window.most").asInt();
        int longest = browser.eval("return window.longest").asInt();
        System.out.println("with " + beside + " at most " + most + " elements; the longest task " + longest + " ms");
        assertTrue(most > 0 && most < 3_000, "the page held " + most + " elements");
    }

    /** Types into the field of this label, in place of what it held. */
    void fill(String label, String text) {
        WebElement field = field(label);
        field.sendKeys(Keys.chord(Keys.CONTROL, "a"), text.isEmpty() ? Keys.BACK_SPACE : text);
    }

    /** Sets a field that has parts of its own, such as a time. */
    void set(String label, String value) {
        WebElement field = field(label);
        browser.driver()
                .executeScript(
                        "arguments[0].value = arguments[1]; arguments[0].dispatchEvent(new Event('input', {bubbles: true}))",
                        field,
                        value);
    }

    /** Chooses an option, by its value. */
    void choose(String label, String value) {
        field(label)
                .findElement(By.cssSelector("option[value='" + value + "']"))
                .click();
    }

    void tick(String label) {
        field(label).click();
    }

    private WebElement field(String label) {
        String scope = "(document.querySelector('dialog') ?? document)";
        String wanted = "[..." + scope + ".querySelectorAll('label')].filter(each => each.checkVisibility()"
                + " && each.innerText.trim() === " + quoted(label)
                + ").map(each => document.getElementById(each.htmlFor))[0]"
                + " ?? [..." + scope + ".querySelectorAll('input, select')].find(each => each.ariaLabel === "
                + quoted(label)
                + ")";
        browser.until(wanted);
        return Objects.requireNonNull((WebElement) browser.driver().executeScript("return " + wanted));
    }

    /** Waits until a dialog is done and gone. */
    void dialogCloses() {
        browser.until("!document.querySelector('dialog')");
    }

    void keys(CharSequence... keys) {
        browser.driver().switchTo().activeElement().sendKeys(keys);
    }

    /** The text of what has the focus. */
    String focused() {
        return browser.driver().switchTo().activeElement().getText();
    }

    /** The lines of the table with this label, each with its cells' texts. */
    List<List<String>> rows(String label) {
        JsonNode rows = browser.eval("return [...document.querySelectorAll(`[aria-label=\"" + label
                + "\"] tbody tr`)].map(row => [...row.cells].map(cell => cell.innerText.trim()))");
        List<List<String>> found = new ArrayList<>();
        for (JsonNode row : rows) {
            List<String> cells = new ArrayList<>();
            row.forEach(cell -> cells.add(cell.asText()));
            found.add(cells);
        }
        return found;
    }

    int records() {
        return browser.driver().findElements(By.cssSelector(".record")).size();
    }

    /** Fails with what axe finds that keeps people out of this view, or with what the view itself did wrong before. */
    void isAccessible(String view) {
        assertEquals(List.of(), browser.errors(), view);
        browser.eval("if (!window.axe) { const define = window.define; window.define = undefined;\n" + AXE
                + "\nwindow.define = define; }");
        JsonNode found = browser.eval("""
                const {violations} = await axe.run(document, {resultTypes: ['violations']});
                return violations.map(one => `${one.id} (${one.help}): ${one.nodes.map(node =>
                    node.html.slice(0, 200) + ' ' + node.any.map(any => any.message).join('; ')).join(' | ')}`);""");
        browser.forgetConsole(); // the page's policy minds what axe does there
        assertEquals("[]", found.toString(), view);
    }

    /** Fails where the page is wider than its window. */
    void fits(String view) {
        JsonNode widths =
                browser.eval("return [document.documentElement.scrollWidth, document.documentElement.clientWidth]");
        assertTrue(widths.get(0).asInt() <= widths.get(1).asInt(), view + " is too wide: " + widths);
    }

    /** Takes a picture where {@code -Dlevada.screenshots} names a directory. */
    void picture(String name) {
        String directory = System.getProperty("levada.screenshots");
        if (directory != null) {
            browser.screenshot(Path.of(directory, name + ".png"));
        }
    }

    private static String quoted(String text) {
        return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'";
    }

    private static String axe() {
        try (InputStream in = ConsolePage.class.getResourceAsStream("/axe.min.js")) {
            return new String(Objects.requireNonNull(in, "axe-core").readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
