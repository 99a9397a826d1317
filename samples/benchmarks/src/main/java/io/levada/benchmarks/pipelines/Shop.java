package io.levada.benchmarks.pipelines;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HashMap;
import java.util.Map;

/** A database with customers, and one that is to become its copy, both new. For one thread, but for connections of one's own. */
final class Shop implements AutoCloseable {
    private final int port;
    private final String name;
    private final Map<String, String> settings;
    private final Connection shop;

    private Shop(int port, String name, Map<String, String> settings) throws SQLException {
        this.port = port;
        this.name = name;
        this.settings = settings;
        this.shop = connect(name);
    }

    /**
     * Makes both.
     *
     * @param port of PostgreSQL, where {@code app} may do everything
     * @param name of the one; the other is {@code NAME_copy}
     * @param settings more of the source
     */
    static Shop create(int port, String name, int rows, Map<String, String> settings) throws SQLException {
        try (Connection any = DriverManager.getConnection(url(port, "postgres"), "app", "none");
                Statement statement = any.createStatement()) {
            statement.execute("create database " + name);
            statement.execute("create database " + name + "_copy");
        }
        Shop made = new Shop(port, name, settings);
        try (Statement statement = made.shop.createStatement()) {
            statement.execute("create table customers (id int primary key, name text not null, spent numeric(12, 2))");
            statement.execute("insert into customers select i, 'customer ' || i, i * 1.25 from generate_series(1, "
                    + rows + ") i");
        }
        return made;
    }

    private static String url(int port, String database) {
        return "jdbc:postgresql://127.0.0.1:" + port + "/" + database;
    }

    private Connection connect(String database) throws SQLException {
        return DriverManager.getConnection(url(port, database), "app", "none");
    }

    String topic() {
        return name + ".public.customers";
    }

    /** Of Debezium's source of the one. */
    Map<String, String> source() {
        Map<String, String> config = new HashMap<>(Map.ofEntries(
                Map.entry("connector.class", "io.debezium.connector.postgresql.PostgresConnector"),
                Map.entry("tasks.max", "1"),
                Map.entry("database.hostname", "127.0.0.1"),
                Map.entry("database.port", Integer.toString(port)),
                Map.entry("database.user", "app"),
                Map.entry("database.password", "none"),
                Map.entry("database.dbname", name),
                Map.entry("topic.prefix", name),
                Map.entry("plugin.name", "pgoutput"),
                Map.entry("slot.name", name),
                Map.entry("table.include.list", "public.customers")));
        config.putAll(settings);
        return config;
    }

    /** The same, with an eye on the database every 10 ms, where 500 is its default. */
    Map<String, String> eagerSource() {
        Map<String, String> config = source();
        config.put("poll.interval.ms", "10");
        return config;
    }

    /** Of Debezium's JDBC sink into the other. */
    Map<String, String> sink() {
        return Map.ofEntries(
                Map.entry("connector.class", "io.debezium.connector.jdbc.JdbcSinkConnector"),
                Map.entry("tasks.max", "1"),
                Map.entry("topics", topic()),
                Map.entry("connection.url", url(port, name + "_copy")),
                Map.entry("connection.username", "app"),
                Map.entry("connection.password", "none"),
                Map.entry("insert.mode", "upsert"),
                Map.entry("delete.enabled", "true"),
                Map.entry("primary.key.mode", "record_key"),
                Map.entry("schema.evolution", "basic"),
                Map.entry("collection.name.format", "customers"));
    }

    /** One more customer, committed when this returns. */
    void insert(int id) throws SQLException {
        try (PreparedStatement statement =
                shop.prepareStatement("insert into customers values (?, 'somebody new', 0)")) {
            statement.setInt(1, id);
            statement.execute();
        }
    }

    /** Changes so many customers at once. */
    void change(int rows) throws SQLException {
        try (Statement statement = shop.createStatement()) {
            statement.execute("update customers set spent = -1 where id <= " + rows);
        }
    }

    /** A look at the copy, again and again over one connection. */
    final class Look implements AutoCloseable {
        private final Connection copy = connect(name + "_copy");

        Look() throws SQLException {}

        /** How many customers there are. */
        int count() throws SQLException {
            return number("select count(*) from customers");
        }

        /** How many that were changed. */
        int changed() throws SQLException {
            return number("select count(*) from customers where spent = -1");
        }

        /** The highest id. */
        int newest() throws SQLException {
            return number("select coalesce(max(id), 0) from customers");
        }

        private int number(String query) throws SQLException {
            try (Statement statement = copy.createStatement();
                    ResultSet found = statement.executeQuery(query)) {
                found.next();
                return found.getInt(1);
            } catch (SQLException e) {
                if ("42P01".equals(e.getSQLState())) { // the sink has not made the table yet
                    return 0;
                }
                throw e;
            }
        }

        @Override
        public void close() throws SQLException {
            copy.close();
        }
    }

    /** Drops both, once nobody is connected. */
    @Override
    public void close() throws SQLException {
        shop.close();
        try (Connection any = connect("postgres");
                Statement statement = any.createStatement()) {
            statement.execute("select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = '"
                    + name + "' and not active");
            statement.execute("drop database if exists " + name + " with (force)");
            statement.execute("drop database if exists " + name + "_copy with (force)");
        }
    }
}
