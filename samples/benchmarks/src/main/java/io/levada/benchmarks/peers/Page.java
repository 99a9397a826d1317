package io.levada.benchmarks.peers;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Properties;

/** A report as one HTML file that draws its charts with uPlot and needs no network. */
final class Page {
    private static final String UPLOT_VERSION = "/META-INF/maven/org.webjars.npm/uplot/pom.properties";
    private static final String UPLOT = "/META-INF/resources/webjars/uplot/%s/dist/%s";

    private Page() {}

    /**
     * Writes one.
     *
     * @param report in JSON
     */
    static void write(Path file, String report) throws IOException {
        Properties uplot = new Properties();
        try (InputStream in = open(UPLOT_VERSION)) {
            uplot.load(in);
        }
        String version = uplot.getProperty("version");
        String page = text("report.html")
                .replace("/*uplot.css*/", text(UPLOT.formatted(version, "uPlot.min.css")))
                .replace("/*uplot.js*/", text(UPLOT.formatted(version, "uPlot.iife.min.js")))
                .replace("/*charts.js*/", text("charts.js"))
                // What is in a script must not look like its end.
                .replace("/*report.json*/", report.replace("<", "\\u003c"));
        Files.writeString(file, page);
    }

    private static String text(String resource) throws IOException {
        try (InputStream in = open(resource)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private static InputStream open(String resource) throws IOException {
        InputStream in = Page.class.getResourceAsStream(resource);
        if (in == null) {
            throw new FileNotFoundException(resource + " is not on the class path");
        }
        return in;
    }
}
