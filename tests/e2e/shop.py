"""The small shop that the end-to-end tests look at, and what must never be seen of it.

Everything in it is computed, so that a test can say what the server holds without asking it.
"""

from tests.rig.servers import Server

CUSTOMERS = 300
ORDERS = 900
LABELS: dict[str, str | tuple[str, str]] = {
    "public.customers.full_name": "person_name",
    "public.customers.email": "email",
    "public.customers.phone": ("phone", "redact"),
    "public.customers.card": ("card", "partial"),
    "public.customers.birth_name": ("person_name", "null"),
    "public.orders.customer_email": "email",
}
_SHOP = f"""
CREATE TABLE customers (
    id int PRIMARY KEY, full_name text, email text, phone text, card text, birth_name text,
    emails text[], profile jsonb, note text, balance numeric(12,2), joined timestamptz, active bool, uid uuid
);
INSERT INTO customers
SELECT g, 'Name' || g || ' Family' || g, 'person' || g || '@example.com', '+1 555 01' || lpad(g::text, 5, '0'),
       repeat('4242', 4), 'Born' || g, ARRAY['first' || g || '@example.org', 'plain', NULL],
       jsonb_build_object('contact', 'deep' || g || '@example.net', 'level', g % 5),
       'please write to note' || g || '@example.org today', g * 1.25,
       '2026-01-01 00:00:00+00'::timestamptz + g * '1h'::interval, g % 2 = 0, md5(g::text)::uuid
FROM generate_series(1, {CUSTOMERS}) AS g;
CREATE TABLE orders (
    id int PRIMARY KEY, customer_id int REFERENCES customers, customer_email text, total numeric(12,2)
);
INSERT INTO orders
SELECT g, g % {CUSTOMERS} + 1, 'person' || (g % {CUSTOMERS} + 1) || '@example.com', g * 2
FROM generate_series(1, {ORDERS}) AS g;
CREATE TABLE stock (id int PRIMARY KEY, name text, quantity int NOT NULL CHECK (quantity >= 0));
INSERT INTO stock SELECT g, 'thing ' || g, 10 FROM generate_series(1, 50) AS g;
CREATE VIEW mailing AS SELECT id, email FROM customers;
ANALYZE;
"""
_WORKSHOP = """
CREATE TABLE things (id int PRIMARY KEY, name text, size int);
INSERT INTO things SELECT g, 'thing ' || g, g FROM generate_series(1, 20) AS g;
CREATE FUNCTION stubborn() RETURNS int LANGUAGE plpgsql AS $$
BEGIN
    LOOP
        BEGIN PERFORM pg_sleep(60); EXCEPTION WHEN query_canceled THEN NULL; END;
    END LOOP;
END $$;
CREATE FUNCTION chatty() RETURNS int LANGUAGE plpgsql AS $$
BEGIN
    RAISE NOTICE 'wrote to %', 'somebody' || '@' || 'example.com' USING DETAIL = 'a detail', HINT = 'a hint';
    RETURN 1;
END $$;
CREATE FUNCTION failing() RETURNS int LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'no such mail: %', 'somebody' || '@' || 'example.com'
        USING DETAIL = 'asked ' || 'other' || '@' || 'example.com', HINT = 'write to help' || '@' || 'example.com';
END $$;
"""


def make_shop(server: Server, name: str) -> str:
    """A database with the shop: its name."""
    server.create_database(name)
    server.sql(_SHOP, name)
    return name


def make_workshop(server: Server, name: str) -> str:
    """A database without labels, where statements may change things without a second person: its name."""
    server.create_database(name)
    server.sql(_WORKSHOP, name)
    return name


def real_email(customer: int) -> str:
    return f"person{customer}@example.com"


CARD = "4242" * 4


def leaks(seen: object) -> list[str]:
    """Real values in whatever a client was shown."""
    text = str(seen)
    tells = [f"{word}{n}@example." for word in ("person", "first", "deep", "note") for n in range(1, 10)]
    tells += ["Family", "+1 555", CARD, "Born"]
    return [tell for tell in tells if tell in text]
