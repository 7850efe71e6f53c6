"""``carries_masked`` keeps masked values from being written back: it knows every form, and little else."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safelight._native import Masker, carries_masked

from .masking_vectors import all_vectors

MASKER = Masker(label_key=bytes(32), detector_key=bytes(32))
LABELS = ["email", "card", "phone", "ssn", "ip", "iban", "name"]


@given(st.sampled_from(LABELS), st.binary(min_size=1, max_size=40), st.binary(max_size=40), st.binary(max_size=40))
def test_every_pseudonym_is_recognised(label: str, value: bytes, before: bytes, after: bytes) -> None:
    assert carries_masked(before + MASKER.pseudonym(label, value) + after)


@pytest.mark.parametrize("value", ["M•••", "m•••@example.com", "•••4242", "[masked]", "[masked:EMAIL]"])
def test_partial_values_and_redactions_are_recognised(value: str) -> None:
    assert carries_masked(f"UPDATE t SET v = '{value}'".encode())
    assert carries_masked(json.dumps({"v": value}).encode()), "as JSON without UTF-8"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "UPDATE orders SET status = 'shipped' WHERE id = 4711",
        "INSERT INTO t VALUES ('maria@example.com', '4242424242424242', '192.0.2.17')",
        "SELECT tags[1], '{9999}', 99999999.99, 9999-12-31",
        "masked [mask] @invalid.masked 000-00-0000 100:: +999 •• [a:b] [name:short]",
        "9" * 12,
        "9" * 16,
        "9" * 19,
        "insert into t values ('[note:see order 17]', '…', 'wait...')",
    ],
)
def test_ordinary_writes_pass(text: str) -> None:
    assert not carries_masked(text.encode())


def test_vectors_without_findings_pass_unless_they_are_masked() -> None:
    flagged = {v.name for v in all_vectors() if not v.findings and carries_masked(v.text.encode())}
    assert flagged == {
        "card: a masked card",
        "email: already a pseudonym",
        "us_ssn: a pseudonym",
        "ip: a pseudonym",
    }
