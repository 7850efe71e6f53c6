"""A password in a text is found wherever the server's scanner would find one, and nothing else is taken away."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safelight.protocols.postgres.written_passwords import IN_PLACE, without_passwords

WORD = "hid" + "den"
SHOWN = IN_PLACE.decode()


@pytest.mark.parametrize(
    "text",
    [
        "ALTER ROLE x PASSWORD '{}'",
        "alter role x password'{}' VALID UNTIL 'tomorrow'",
        "ALTER ROLE x ENCRYPTED PASSWORD E'it''s {} \\' '",
        "ALTER ROLE x PASSWORD '{}\\'",
        "ALTER ROLE x PASSWORD U&'{}' UESCAPE '!'",
        "ALTER ROLE x PASSWORD 'one'\n  '{}'",
        "ALTER ROLE x PASSWORD $a$ {} $$ $a$",
        "ALTER ROLE x PASSWORD -- a comment\n '{}'",
        "ALTER ROLE x PASSWORD /* one /* two */ ' */ '{}'",
        "ALTER ROLE x PASSWORD '{}",
        "ALTER ROLE x PASSWORD $tag$ {}",
        "SELECT 'it''s'; ALTER ROLE x PASSWORD '{}'; SELECT 2",
        "CREATE USER MAPPING FOR x SERVER s OPTIONS (user 'u', \"password\" '{}')",
        "CREATE SUBSCRIPTION s CONNECTION 'host=h password={}' PUBLICATION p",
        "SELECT dblink_connect('host=h password = {}')",
        "SELECT ee'password={}'",
        "SELECT e'a\\'', 'password={}'",
        "SELECT u&'a', 'password={}'",
    ],
)
def test_it_is_taken_out(text: str) -> None:
    left = without_passwords(text.format(WORD).encode()).decode()
    assert WORD not in left and SHOWN in left
    assert left.split("'")[0].startswith(text[:5])


@pytest.mark.parametrize(
    "text",
    [
        "SELECT 1",
        "SELECT password FROM accounts WHERE name = 'x'",
        "SELECT 'password ''x''' FROM t",
        "SELECT 1 -- password 'x'\n, 'y'",
        "SELECT 1 /* password /* */ 'x' */, 'y'",
        "SELECT $$ password 'x' $$, 'y'",
        "SELECT password, 'y'",
        "SELECT mypassword 'y'",
        "INSERT INTO accounts (password) VALUES ('y')",
    ],
)
def test_nothing_else_is_taken_away(text: str) -> None:
    assert without_passwords(text.encode()) == text.encode()


def test_what_follows_a_password_stays() -> None:
    left = without_passwords(b"ALTER ROLE x PASSWORD 'a' VALID UNTIL 'b'; DROP TABLE t")
    assert left == b"ALTER ROLE x PASSWORD " + IN_PLACE + b" VALID UNTIL 'b'; DROP TABLE t"


@given(
    st.lists(
        st.sampled_from(
            [b"password", b"'", b'"', b"$$", b"$a$", b"/*", b"*/", b"--", b"\n", b" ", b"\\", b"E'", b"x"]
        )
    )
)
def test_any_text_is_taken(parts: list[bytes]) -> None:
    text = b"".join(parts)
    left = without_passwords(text)
    assert left == text or IN_PLACE in left
