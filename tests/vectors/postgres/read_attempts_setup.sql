-- What the attempts of read_attempts.sql act on: a small shop. Run by a superuser in an empty database.
CREATE TABLE customers (id int PRIMARY KEY, email text, phone text, full_name text, country text, note text);
CREATE TABLE orders (id serial PRIMARY KEY, customer_id int REFERENCES customers, total numeric, placed_at timestamptz, note text);
CREATE INDEX orders_placed_at ON orders USING brin (placed_at);
CREATE TABLE documents (id int PRIMARY KEY, words tsvector);
CREATE INDEX documents_words ON documents USING gin (words);
CREATE VIEW customer_view AS SELECT id, email AS mail, country FROM customers;
CREATE MATERIALIZED VIEW customer_names AS SELECT id, full_name FROM customers;
CREATE TYPE mood AS ENUM ('good', 'bad');
INSERT INTO customers SELECT n, 'person' || n || '@example.com', '+1555010' || n, 'Person ' || n, 'NL', '' FROM generate_series(1, 20) n;
INSERT INTO orders (customer_id, total, placed_at, note) SELECT 1 + n % 20, n, '2024-01-01', '' FROM generate_series(1, 50) n;
INSERT INTO documents SELECT n, to_tsvector('simple', 'word' || n) FROM generate_series(1, 20) n;
CREATE FUNCTION pay(int) RETURNS int LANGUAGE sql SECURITY DEFINER AS 'UPDATE orders SET total = 0 WHERE id = $1 RETURNING 1';
CREATE FUNCTION leak(text) RETURNS text LANGUAGE sql STABLE SECURITY DEFINER AS 'SELECT string_agg(email, $1) FROM customers';
CREATE PROCEDURE settle() LANGUAGE sql AS 'DELETE FROM orders';
CREATE FUNCTION same_as(text, text) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true';
CREATE OPERATOR === (LEFTARG = text, RIGHTARG = text, FUNCTION = same_as);
CREATE DOMAIN positive AS int CHECK (pay(VALUE) IS NOT NULL OR true);
SELECT lo_from_bytea(4711, 'a large object');
