"""The detectors and strategies as Python sees them: vectors, offsets in code points, forms of pseudonyms."""

import re
import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safelight._native import Masker, carries_masked, scan

from .masking_vectors import Vector, all_vectors, luhn

VECTORS = all_vectors()
TOKEN = "[a-z2-7]{13}"


def masker(label_key: int = 1, detector_key: int = 2) -> Masker:
    return Masker(label_key=bytes([label_key]) * 32, detector_key=bytes([detector_key]) * 32)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.name)
def test_vector(vector: Vector) -> None:
    masked, findings = scan(vector.text)
    assert findings == vector.findings
    expected = vector.text
    for start, end, kind in reversed(vector.findings):
        expected = f"{expected[:start]}[masked:{kind}]{expected[end:]}"
    assert masked == expected


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.name)
def test_mask_text_says_the_same_as_scan(vector: Vector) -> None:
    masked, counts = masker().mask_text(vector.text.encode())
    assert masked.decode() == scan(vector.text)[0]
    assert sum(counts.values()) == len(vector.findings)
    assert set(counts) == {kind for _, _, kind in vector.findings}
    if vector.findings:
        assert carries_masked(masked)


def test_offsets_are_code_points() -> None:
    text = "für 😀 maria@example.com"
    assert scan(text)[1] == [(6, len(text), "EMAIL")]


@given(st.binary(max_size=400))
def test_any_bytes_are_masked_or_left_as_they_are(value: bytes) -> None:
    masked, counts = masker().mask_text(value)
    assert (masked != value) == bool(counts)
    assert masker().mask_text(masked) == (masked, {})


@given(st.text(max_size=200))
def test_findings_are_in_order_and_inside(text: str) -> None:
    place = 0
    for start, end, _ in scan(text)[1]:
        assert place <= start < end <= len(text)
        place = end


def test_keys_have_32_bytes() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Masker(label_key=b"short", detector_key=bytes(32))


@pytest.mark.parametrize(
    ("label", "value", "form"),
    [
        ("email", b"maria@example.com", rf"{TOKEN}@masked\.invalid"),
        ("card", b"4242 4242 4242 4242", r"9999\d{12}"),
        ("card", b"378282246310005", r"9999\d{11}"),
        ("phone", b"+49 30 901820", r"\+999\d{12}"),
        ("ssn", b"536-32-3065", rf"000-00-{TOKEN}"),
        ("ip", b"192.0.2.17", r"100::[0-9a-f]{1,4}(:[0-9a-f]{1,4}){3}"),
        ("name", b"Maria Lopez", rf"\[name:{TOKEN}\]"),
        ("name", b"", rf"\[name:{TOKEN}\]"),
        ("na\"me]'", b"Maria", rf"\[na_me__:{TOKEN}\]"),
    ],
)
def test_forms_of_pseudonyms(label: str, value: bytes, form: str) -> None:
    pseudonym = masker().pseudonym(label, value)
    assert re.fullmatch(form, pseudonym.decode())
    assert carries_masked(pseudonym)
    assert masker().mask_text(pseudonym) == (pseudonym, {})


def test_masked_cards_are_no_cards() -> None:
    for number in range(200):
        pseudonym = masker().pseudonym("card", str(4_242_424_242_424_242 + number).encode()).decode()
        assert luhn(pseudonym[:-1]) != pseudonym


@pytest.mark.parametrize(
    ("label", "one", "other"),
    [
        ("email", b"Maria@Example.com ", b"maria@example.com"),
        ("card", b"4242 4242 4242 4242", b"4242-4242-4242-4242"),
        ("phone", b"+49 30 901820", b"+4930901820"),
        ("ssn", b"536 32 3065", b"536-32-3065"),
        ("ip", b"2001:DB8::7", b"2001:db8:0:0::7"),
    ],
)
def test_equal_in_canonical_form_stays_equal(label: str, one: bytes, other: bytes) -> None:
    assert masker().pseudonym(label, one) == masker().pseudonym(label, other)


@pytest.mark.parametrize("label", ["email", "card", "phone", "ssn", "ip", "name"])
def test_what_has_no_canonical_form_is_told_apart(label: str) -> None:
    values = [b"", b"unknown", b"n/a", b"\xff\xfe", b"-"]
    assert len({masker().pseudonym(label, value) for value in values}) == len(values)


def test_pseudonyms_depend_on_key_and_label() -> None:
    value = b"Maria"
    first = masker(label_key=1).pseudonym("name", value)
    assert first == masker(label_key=1, detector_key=9).pseudonym("name", value)
    assert first != masker(label_key=3).pseudonym("name", value)
    assert first[6:] != masker(label_key=1).pseudonym("nick", value)[6:]


@given(st.lists(st.text(min_size=1, max_size=30), min_size=2, max_size=20, unique=True))
def test_different_names_get_different_pseudonyms(values: list[str]) -> None:
    pseudonyms = {masker().pseudonym("name", value.encode()) for value in values}
    assert len(pseudonyms) == len(values)


def test_long_values_do_not_hold_the_interpreter() -> None:
    ticks = 0
    done = threading.Event()

    def work() -> None:
        masker().mask_text(b"maria@example.com and some words more " * 1_500_000)
        done.set()

    thread = threading.Thread(target=work)
    thread.start()
    while not done.is_set():
        time.sleep(0.001)
        ticks += 1
    thread.join()
    assert ticks >= 5, "another thread runs while a long value is masked"
