// pgjdbc, driven by tests/e2e/test_other_languages.py: logins as lines of "name=value" on the input, what was seen as
// JSON on the output. Nothing is judged here.

import java.io.ByteArrayOutputStream;
import java.io.InputStreamReader;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.sql.Array;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyManager;
import org.postgresql.util.PSQLException;

public final class Client {
    private static final String LOOK = "SELECT id, email, note FROM customers WHERE id <= ? ORDER BY id";
    private static final Map<String, Object> seen = new LinkedHashMap<>();

    public static void main(String[] arguments) throws Exception {
        Properties logins = new Properties();
        logins.load(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        try (Connection shop = connect(logins, "shop", "extended"); Connection simple = connect(logins, "shop", "simple");
                Connection workshop = connect(logins, "workshop", "extended")) {
            look(shop, simple);
            refuse(shop);
            cancel(shop);
            fetchInParts(shop);
            describe(shop);
            change(workshop);
            batch(workshop);
            copyBothWays(shop, workshop);
        }
        System.out.println(json(seen));
    }

    private static Connection connect(Properties logins, String name, String mode) throws SQLException {
        Properties settings = new Properties();
        settings.setProperty("user", logins.getProperty(name + ".user"));
        settings.setProperty("password", logins.getProperty(name + ".password"));
        settings.setProperty("sslmode", "verify-full");
        settings.setProperty("sslrootcert", logins.getProperty(name + ".cafile"));
        settings.setProperty("channelBinding", "require");
        settings.setProperty("preferQueryMode", mode);
        settings.setProperty("prepareThreshold", "-1"); // binary and named from the first execution on
        return DriverManager.getConnection("jdbc:postgresql://" + logins.getProperty(name + ".host") + ":"
            + logins.getProperty(name + ".port") + "/" + logins.getProperty(name + ".database"), settings);
    }

    private static void look(Connection shop, Connection simple) throws SQLException {
        seen.put("simple", rows(simple));
        rows(shop);
        seen.put("prepared", rows(shop));
        try (Statement statement = shop.createStatement();
                ResultSet found = statement.executeQuery("SELECT emails FROM customers WHERE id = 3")) {
            found.next();
            Array mails = found.getArray(1);
            seen.put("array", Arrays.asList((Object[]) mails.getArray()));
        }
    }

    private static List<Object> rows(Connection connection) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(LOOK)) {
            statement.setInt(1, 5);
            return all(statement.executeQuery());
        }
    }

    private static List<Object> all(ResultSet found) throws SQLException {
        List<Object> rows = new ArrayList<>();
        int columns = found.getMetaData().getColumnCount();
        while (found.next()) {
            List<Object> row = new ArrayList<>();
            for (int column = 1; column <= columns; column++) {
                row.add(found.getObject(column));
            }
            rows.add(row);
        }
        return rows;
    }

    private static void refuse(Connection shop) throws SQLException {
        seen.put("refused", told(() -> {
            try (PreparedStatement statement = shop.prepareStatement("DELETE FROM stock WHERE id = ?")) {
                statement.setInt(1, 1);
                statement.executeUpdate();
            }
        }));
        seen.put("after_refusal", one(shop));
    }

    private static void cancel(Connection shop) throws SQLException {
        try (Statement statement = shop.createStatement()) {
            Thread thread = new Thread(() -> {
                try {
                    Thread.sleep(300);
                    statement.cancel();
                } catch (InterruptedException | SQLException problem) {
                    throw new IllegalStateException(problem);
                }
            });
            thread.start();
            seen.put("cancelled", told(() -> statement.execute("SELECT pg_sleep(30)")));
        }
        seen.put("after_cancel", one(shop));
    }

    /** A portal that is suspended after every fifty rows. */
    private static void fetchInParts(Connection shop) throws SQLException {
        shop.setAutoCommit(false);
        int count = 0;
        try (Statement statement = shop.createStatement()) {
            statement.setFetchSize(50);
            try (ResultSet found = statement.executeQuery("SELECT id, email FROM customers ORDER BY id")) {
                while (found.next()) {
                    count++;
                }
            }
        }
        shop.commit();
        shop.setAutoCommit(true);
        seen.put("fetched_in_parts", count);
    }

    /** What graphical tools built on JDBC ask for first. */
    private static void describe(Connection shop) throws SQLException {
        var about = shop.getMetaData();
        seen.put("tables", column(about.getTables(null, "public", "%", new String[] {"TABLE"}), "TABLE_NAME"));
        seen.put("columns", column(about.getColumns(null, "public", "orders", "%"), "COLUMN_NAME"));
        seen.put("keys", column(about.getPrimaryKeys(null, "public", "orders"), "COLUMN_NAME"));
        seen.put("references", column(about.getImportedKeys(null, "public", "orders"), "PKTABLE_NAME"));
        seen.put("indexes", column(about.getIndexInfo(null, "public", "orders", false, false), "INDEX_NAME"));
        seen.put("schemas", column(about.getSchemas(), "TABLE_SCHEM"));
        seen.put("types", column(about.getTypeInfo(), "TYPE_NAME").size());
    }

    private static List<Object> column(ResultSet found, String name) throws SQLException {
        List<Object> values = new ArrayList<>();
        while (found.next()) {
            values.add(found.getString(name));
        }
        return values;
    }

    private static void change(Connection workshop) throws SQLException {
        workshop.setAutoCommit(false);
        resize(workshop, 1111);
        workshop.commit();
        resize(workshop, 2222);
        try (Statement statement = workshop.createStatement()) {
            seen.put("refused_in_transaction", told(() -> statement.execute("ALTER TABLE things ADD worse int")));
            seen.put("then", told(() -> statement.execute("SELECT 1")));
        }
        workshop.rollback();
        workshop.setAutoCommit(true);
        try (Statement statement = workshop.createStatement();
                ResultSet found = statement.executeQuery("SELECT size FROM things WHERE id = 13")) {
            found.next();
            seen.put("size", found.getInt(1));
        }
    }

    private static void resize(Connection workshop, int size) throws SQLException {
        try (PreparedStatement statement = workshop.prepareStatement("UPDATE things SET size = ? WHERE id = 13")) {
            statement.setInt(1, size);
            statement.executeUpdate();
        }
    }

    /** Changes in one pipeline, with a refused one among them: none of them stays. */
    private static void batch(Connection workshop) throws SQLException {
        List<Object> answers = new ArrayList<>();
        try (Statement statement = workshop.createStatement()) {
            statement.addBatch("UPDATE things SET size = 1 WHERE id = 13");
            statement.addBatch("ALTER TABLE things ADD worse int");
            statement.addBatch("UPDATE things SET size = 3 WHERE id = 13");
            answers.add(told(statement::executeBatch).get("sqlstate"));
        }
        try (Statement statement = workshop.createStatement();
                ResultSet found = statement.executeQuery("SELECT size FROM things WHERE id = 13")) {
            found.next();
            answers.add(String.valueOf(found.getInt(1)));
        }
        seen.put("pipeline", answers);
        seen.put("after_pipeline", one(workshop));
    }

    private static void copyBothWays(Connection shop, Connection workshop) throws Exception {
        StringBuilder rows = new StringBuilder();
        for (int n = 0; n < 100; n++) {
            rows.append(730_000 + n).append("\trow ").append(n).append('\t').append(n).append('\n');
        }
        CopyManager into = workshop.unwrap(PGConnection.class).getCopyAPI();
        seen.put("copied_in", into.copyIn("COPY things FROM STDIN", new StringReader(rows.toString())));
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        shop.unwrap(PGConnection.class).getCopyAPI().copyOut("COPY customers (id, email, note) TO STDOUT", out);
        seen.put("copied_out", Arrays.asList(out.toString(StandardCharsets.UTF_8).strip().split("\n")));
    }

    private static int one(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet found = statement.executeQuery("SELECT 40 + 2")) {
            found.next();
            return found.getInt(1);
        }
    }

    private interface Attempt {
        void run() throws SQLException;
    }

    private static Map<String, Object> told(Attempt attempt) throws SQLException {
        try {
            attempt.run();
        } catch (SQLException problem) {
            Throwable first = problem;
            while (!(first instanceof PSQLException) && first.getCause() != null) {
                first = first.getCause();
            }
            PSQLException server = (PSQLException) first;
            Map<String, Object> found = new LinkedHashMap<>();
            found.put("sqlstate", server.getSQLState());
            found.put("message", server.getServerErrorMessage().getMessage());
            found.put("detail", server.getServerErrorMessage().getDetail());
            found.put("hint", server.getServerErrorMessage().getHint());
            return found;
        }
        throw new IllegalStateException("nothing was refused");
    }

    private static String json(Object value) {
        if (value == null || value instanceof Number || value instanceof Boolean) {
            return String.valueOf(value);
        }
        if (value instanceof Map<?, ?> map) {
            List<String> members = new ArrayList<>();
            map.forEach((name, member) -> members.add(json(name) + ":" + json(member)));
            return "{" + String.join(",", members) + "}";
        }
        if (value instanceof List<?> list) {
            return "[" + String.join(",", list.stream().map(Client::json).toList()) + "]";
        }
        StringBuilder text = new StringBuilder("\"");
        for (char c : value.toString().toCharArray()) {
            text.append(c == '"' || c == '\\' ? "\\" + c : c < ' ' ? String.format("\\u%04x", (int) c) : c);
        }
        return text.append('"').toString();
    }
}
