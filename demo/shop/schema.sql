CREATE TABLE customers (
    id bigint NOT NULL,
    full_name text NOT NULL,
    email text NOT NULL,
    phone text NOT NULL,
    country text NOT NULL,
    tier text NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE TABLE cards (
    id bigint NOT NULL,
    customer_id bigint NOT NULL,
    number text NOT NULL,
    expires date NOT NULL
);
CREATE TABLE addresses (
    id bigint NOT NULL,
    customer_id bigint NOT NULL,
    street text NOT NULL,
    city text NOT NULL,
    postcode text NOT NULL
);
CREATE TABLE subscribers (
    email text NOT NULL,
    list text NOT NULL,
    since date NOT NULL
);
CREATE TABLE orders (
    id bigint NOT NULL,
    customer_id bigint NOT NULL,
    status text NOT NULL,
    total_cents integer NOT NULL,
    currency text NOT NULL,
    placed_at timestamptz NOT NULL,
    carrier text
);
CREATE TABLE support_notes (
    id bigint NOT NULL,
    customer_id bigint NOT NULL,
    author text NOT NULL,
    body text NOT NULL,
    created_at timestamptz NOT NULL
);
