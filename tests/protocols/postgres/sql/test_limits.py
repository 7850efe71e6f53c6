"""Which bytes can be read as SQL text at all."""

import pytest

from safelight.domain.errors import Refusal
from safelight.protocols.postgres.sql.limits import MAX_TEXT_BYTES, decode_text
from tests.protocols.postgres.sql.shop import SHOP, read_message


@pytest.mark.parametrize(
    "text", ["", "SELECT 1", "SELECT 'é', '日本語', '🙂'", "SELECT 1 -- a\r, 2", "x" * MAX_TEXT_BYTES]
)
def test_text_is_text(text: str) -> None:
    assert decode_text(text.encode()) == text


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (b"x" * (MAX_TEXT_BYTES + 1), "postgres.text.size"),
        (b"SELECT 1\0; DROP TABLE a", "postgres.text.nul"),
        (b"\0", "postgres.text.nul"),
        (b"SELECT '\xe9'", "postgres.text.encoding"),
        (b"SELECT '\xc0\x80'", "postgres.text.encoding"),
        (b"SELECT '\xed\xa0\x80'", "postgres.text.encoding"),
        (b"SELECT '\xf8\x88\x80\x80\x80'", "postgres.text.encoding"),
        (b"SELECT '\xf0\x9f", "postgres.text.encoding"),
    ],
)
def test_what_the_server_would_cut_or_reject_is_refused(data: bytes, rule: str) -> None:
    refusal = decode_text(data)
    assert isinstance(refusal, Refusal) and refusal.rule == rule and refusal.next_step


def test_what_a_message_can_make_us_hand_over_is_bounded() -> None:
    columns = ",".join(["1"] * 2000)
    assert read_message(f"SELECT {columns}; SELECT {columns}", SHOP).refusal is None
    refusal = read_message(f"SELECT {columns}; SELECT {columns}; SELECT {columns}", SHOP).refusal
    assert refusal is not None and refusal.rule == "postgres.limit.columns"
