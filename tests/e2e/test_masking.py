"""What leaves is masked: labelled columns by their strategy, anything that looks sensitive wherever it stands; a
labelled column stands only in the positions of the closed list."""

from typing import Any

import psycopg
import pytest
from psycopg.rows import tuple_row

from tests.e2e.conftest import Connect
from tests.e2e.shop import CARD, leaks, real_email

binary = pytest.mark.parametrize("binary", [False, True], ids=["text", "binary"])
targets = pytest.mark.parametrize("target", ["orders-db", "orders-15", "static-15"])


def rows(session: "psycopg.Connection[Any]", statement: str, *parameters: Any, binary: bool = False) -> list[Any]:
    return session.cursor(row_factory=tuple_row).execute(statement, parameters or None, binary=binary).fetchall()


# --- labelled columns ---------------------------------------------------------------------------------------------


@binary
@targets
def test_each_strategy(connect: Connect, target: str, binary: bool) -> None:
    statement = "SELECT full_name, email, phone, card, birth_name FROM customers WHERE id = 7"
    ((name, email, phone, card, birth_name),) = rows(connect(target), statement, binary=binary)
    assert name.startswith("[person_name:") and name.endswith("]")
    assert email.endswith("@masked.invalid")
    assert "masked" in phone
    assert card != CARD and card.endswith("4242")
    assert birth_name is None


@binary
@targets
def test_everything_of_a_table(connect: Connect, target: str, binary: bool) -> None:
    session = connect(target)
    found = rows(session, "SELECT * FROM customers ORDER BY id", binary=binary)
    assert len(found) == 300
    assert not leaks(found)
    first = found[0]
    assert first[0] == 1 and str(first[9]) == "1.25" and first[11] is False


@targets
def test_equal_values_have_equal_pseudonyms(connect: Connect, target: str) -> None:
    session = connect(target)
    ((left, right),) = rows(
        session,
        "SELECT c.email, o.customer_email FROM customers c JOIN orders o ON o.customer_id = c.id WHERE o.id = 5",
    )
    assert left == right
    ((other,),) = rows(session, "SELECT email FROM customers WHERE id = 8")
    assert other != left


@targets
def test_a_join_on_labelled_columns_works(connect: Connect, target: str) -> None:
    statement = "SELECT count(*) FROM customers c JOIN orders o ON o.customer_email = c.email"
    assert rows(connect(target), statement) == [(900,)]
    shown = rows(
        connect(target), "SELECT c.id, o.id, c.email FROM customers c JOIN orders o ON o.customer_email = c.email"
    )
    assert len(shown) == 900 and not leaks(shown)


@targets
@pytest.mark.parametrize("prepare", [False, True], ids=["literal", "parameter"])
def test_looking_up_by_a_labelled_value(connect: Connect, target: str, prepare: bool) -> None:
    session = connect(target)
    if prepare:
        found = rows(session, "SELECT id, email FROM customers WHERE email = %s", real_email(9))
    else:
        found = rows(session, f"SELECT id, email FROM customers WHERE email IN ('{real_email(9)}', 'x@example.com')")
    assert [row[0] for row in found] == [9]
    assert not leaks(found)


def test_a_view_passes_the_label_on(connect: Connect) -> None:
    found = rows(connect(), "SELECT * FROM mailing ORDER BY id LIMIT 5")
    assert all(email.endswith("@masked.invalid") for _, email in found)


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT c.email AS harmless FROM customers AS c WHERE id < 4",
        "WITH x AS (SELECT email AS e FROM customers) SELECT e FROM x",
        "SELECT 1 AS one, * FROM customers",
        "SELECT customers.* FROM customers",
        "SELECT x.e FROM (SELECT email AS e FROM customers) AS x",
        "SELECT email FROM customers UNION ALL SELECT customer_email FROM orders",
        "TABLE customers",
        "SELECT c FROM customers AS c",
        "SELECT row_to_json(c) FROM customers AS c",
        "SELECT to_jsonb(c) FROM customers AS c",
        "SELECT array_agg(email) FROM customers",
        "SELECT ARRAY(SELECT email FROM customers)",
        "SELECT (SELECT email FROM customers WHERE id = 1)",
        "SELECT email::varchar FROM customers",
        "SELECT email || '' FROM customers",
        "SELECT upper(email) FROM customers",
        "SELECT reverse(email) FROM customers",
        "SELECT left(email, 3) FROM customers",
        "SELECT length(full_name) FROM customers",
        "SELECT encode(email::bytea, 'hex') FROM customers",
        "SELECT string_agg(email, ',') FROM customers",
        "SELECT min(email), max(card) FROM customers",
        "SELECT email, row_number() OVER (ORDER BY email) FROM customers",
        "SELECT lag(email) OVER (ORDER BY id) FROM customers",
        "SELECT CASE WHEN email LIKE 'a%' THEN 1 END FROM customers",
        "SELECT coalesce(email, '') FROM customers",
        "SELECT id FROM customers ORDER BY email",
        "SELECT count(*) FROM customers GROUP BY email",
        "SELECT id FROM customers WHERE email LIKE 'person1%'",
        "SELECT id FROM customers WHERE email > 'p'",
        "SELECT id FROM customers WHERE substr(email, 1, 1) = 'p'",
        "SELECT id FROM customers WHERE email ~ 'son1'",
        "SELECT email FROM customers EXCEPT SELECT 'x'",
        "SELECT DISTINCT email FROM customers",
        "SELECT xmlforest(email) FROM customers",
        "SELECT format('%s', email) FROM customers",
        "SELECT count(*) FILTER (WHERE email < 'person2') FROM customers",
        "SELECT g FROM customers, generate_series(1, length(email)) AS g",
        "SELECT id FROM customers WHERE id = 1 LIMIT (SELECT length(email) FROM customers WHERE id = 1)",
        "SELECT email FROM customers FOR SHARE",
        "SELECT query_to_xml('SELECT email FROM customers', true, false, '')",
        "SELECT ts_headline(email, 'x') FROM customers",
    ],
)
@binary
def test_no_other_position_shows_a_value(connect: Connect, statement: str, binary: bool) -> None:
    """Masked, one constant for all, or refused with the rule and the next step; then the session goes on."""
    session = connect()
    try:
        found = rows(session, statement, binary=binary)
    except psycopg.Error as refusal:
        assert refusal.diag.message_primary and refusal.diag.message_primary.startswith("safelight: ")
        assert (refusal.diag.message_detail or "").startswith("Rule: ")
        assert refusal.diag.message_hint
        assert not leaks(refusal)
        assert refusal.sqlstate == "42501"
    else:
        assert not leaks(found)
        assert not leaks([bytes.fromhex(c) for row in found for c in row if _is_hex(c)])
    assert rows(session, "SELECT 1") == [(1,)]


def _is_hex(cell: object) -> bool:
    return isinstance(cell, str) and len(cell) > 8 and all(c in "0123456789abcdef" for c in cell)


@pytest.mark.parametrize(
    ("statement", "hint"),
    [
        ("SELECT id FROM customers ORDER BY email", "order by another column"),
        ("SELECT id FROM customers WHERE email LIKE 'person1%'", "="),
        ("SELECT id FROM customers WHERE email > 'p'", "="),
    ],
)
def test_a_refused_position_says_which_are_allowed(connect: Connect, statement: str, hint: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege) as caught:
        connect().execute(statement)
    assert "postgres.mask" in (caught.value.diag.message_detail or "")
    assert hint in (caught.value.diag.message_hint or "").lower()


# --- content, whatever its column ---------------------------------------------------------------------------------


@binary
@targets
def test_what_looks_sensitive_in_free_text_arrays_and_documents(connect: Connect, target: str, binary: bool) -> None:
    session = connect(target)
    ((emails, profile, note),) = rows(
        session, "SELECT emails, profile, note FROM customers WHERE id = 3", binary=binary
    )
    assert not leaks((emails, profile, note))
    assert len(emails) == 3 and emails[1:] == ["plain", None]
    assert profile["level"] == 3 and "contact" in profile
    assert note.startswith("please write to ") and note.endswith(" today")


@binary
def test_a_literal_is_looked_at_like_any_text(connect: Connect, binary: bool) -> None:
    word = "some" + "body" + "@" + "example.com"
    ((shown,),) = rows(connect(), f"SELECT 'ask {word} or {CARD}' AS t", binary=binary)
    assert word not in shown and CARD not in shown
    assert shown.startswith("ask ")


@binary
def test_values_that_are_not_sensitive_arrive_as_they_are(connect: Connect, binary: bool) -> None:
    statement = """SELECT 1::int2, 2::int4, 3::int8, 1.5::float8, 123.45::numeric, true, NULL::text, 'plain',
        '2026-01-02'::date, '2026-01-02 03:04:05+00'::timestamptz, '1 day'::interval, '\\x0102'::bytea,
        'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid, ARRAY[1, 2, NULL], '{"a": [1, null]}'::jsonb,
        '[1,5)'::int4range"""
    session = connect(options="-c timezone=UTC")
    (found,) = rows(session, statement, binary=binary)
    assert [str(value) for value in found] == [
        "1", "2", "3", "1.5", "123.45", "True", "None", "plain", "2026-01-02", "2026-01-02 03:04:05+00:00",
        "1 day, 0:00:00", "b'\\x01\\x02'", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "[1, 2, None]", "{'a': [1, None]}",
        "[1, 5)",
    ]  # fmt: skip


# --- COPY, errors, notices ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", ["", "(FORMAT csv, HEADER)", "(FORMAT csv, FORCE_QUOTE *)", "(FORMAT binary)"])
@pytest.mark.parametrize("what", ["customers", "(SELECT email, note, emails, profile, card FROM customers)"])
@pytest.mark.parametrize("target", ["orders-db", "orders-15"])
def test_copy_out_is_masked_in_every_format(connect: Connect, target: str, options: str, what: str) -> None:
    session = connect(target, ("read", "export"))
    with session.cursor().copy(f"COPY {what} TO STDOUT {options}") as copy:
        data = b"".join(bytes(part) for part in copy)
    # A binary field's type is not told in COPY: nothing but NULL is a valid value of every type.
    assert data.count(b"@masked.invalid") >= 300 or "binary" in options
    assert not leaks(data.decode("utf-8", "replace"))
    assert session.execute("SELECT 1").fetchone() == (1,)


def test_errors_that_could_tell_labelled_values_are_withheld(connect: Connect) -> None:
    session = connect()
    with pytest.raises(psycopg.Error) as caught:
        session.execute("SELECT email FROM customers WHERE id = 1 / (id - 1)")
    assert caught.value.sqlstate == "22012"
    assert "withheld" in str(caught.value)
    with pytest.raises(psycopg.errors.DivisionByZero, match="division by zero"):
        session.execute("SELECT 1 / 0")


def test_notices_and_errors_are_masked(connect: Connect) -> None:
    session = connect("workshop", ("read", "write"))
    seen: list[str] = []
    session.add_notice_handler(lambda told: seen.append(f"{told.message_primary} {told.message_detail}"))
    session.execute("SELECT chatty()")
    assert len(seen) == 1 and seen[0].startswith("wrote to ") and "a detail" in seen[0]
    with pytest.raises(psycopg.errors.RaiseException) as caught:
        session.execute("SELECT failing()")
    told = caught.value.diag
    assert (told.message_primary or "").startswith("no such mail: ")
    for text in (*seen, told.message_primary, told.message_detail, told.message_hint, told.context):
        assert "@" + "example.com" not in (text or "")


def test_a_bad_value_in_a_cast_is_shown_masked(connect: Connect) -> None:
    with pytest.raises(psycopg.errors.InvalidTextRepresentation) as caught:
        connect().execute("SELECT ('person' || '7' || '@' || 'example.com')::int")
    assert not leaks(caught.value)


def test_explain_of_labelled_values_is_refused_and_of_others_shown(connect: Connect) -> None:
    session = connect()
    assert "Scan" in str(rows(session, "EXPLAIN SELECT total FROM orders WHERE id = 3"))
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="plan"):
        session.execute(f"EXPLAIN SELECT id FROM customers WHERE email = '{real_email(1)}'")


def test_statistics_of_labelled_columns_are_out_of_reach(connect: Connect) -> None:
    session = connect()
    for statement in (
        "SELECT * FROM pg_stats",
        "SELECT * FROM pg_statistic",
        "SELECT most_common_vals FROM pg_stats",
    ):
        try:
            assert not leaks(rows(session, statement))
        except psycopg.errors.InsufficientPrivilege:
            continue


# --- masked values do not come back ---------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["literal", "parameter", "copy"])
def test_a_masked_value_is_not_written_back(connect: Connect, how: str) -> None:
    ((masked,),) = rows(connect(), "SELECT email FROM customers WHERE id = 1")
    session = connect("workshop", ("read", "write"))
    with pytest.raises(psycopg.Error, match="masked value would be written"):
        if how == "literal":
            session.execute(f"UPDATE things SET name = '{masked}' WHERE id = 1")
        elif how == "parameter":
            session.execute("UPDATE things SET name = %s WHERE id = 1", (masked,))
        else:
            with session.cursor().copy("COPY things FROM STDIN") as copy:
                copy.write_row((5001, masked, 1))
    assert session.execute("SELECT name FROM things WHERE id = 1").fetchone() == ("thing 1",)
    assert session.execute("SELECT count(*) FROM things WHERE id = 5001").fetchone() == (0,)
