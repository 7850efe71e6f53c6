"""Text made to be slow or to break the scanner: time stays linear, and nothing is lost.

Ten megabytes of each take well under a second; a quadratic parser would take hours. The limit is generous because the
machine may be busy.
"""

import time

import pytest

from safelight._native import Masker, carries_masked

MASKER = Masker(label_key=bytes(32), detector_key=bytes(32))
SIZE = 10_000_000
LIMIT_SECONDS = 20.0

REPEATED = [
    "@",
    "a@",
    "a@b.",
    "%40",
    "a%40",
    "é@",
    '"a@',
    "1",
    "9",
    "1 ",
    "4242 ",
    "4242-",
    "1.",
    "1.1.1.1.",
    ":",
    "::",
    "1:2:",
    "-",
    "-----BEGIN ",
    "-----BEGIN PRIVATE KEY-----",
    "-----BEGIN PRIVATE KEY-----\n-----END CERTIFICATE-----\n",
    "eyJ",
    "ey-",
    "eyJaaaaaaaaaaaaaaaaaaa.ey",
    "ZXlK-",
    "+",
    "+49 ",
    "+49 30 100000",
    "DE89 ",
    "de89-",
    "gh" + "p_",
    "sk-",
    "sk-" + "ant-",
    "ya29" + ".bcdefgh",
    "s.",
    "://a:b@",
    "://a:b/",
    "111-11-1111 ",
    "000-00-",
    "100::",
    "[masked",
    ":aaaaaaaaaaaaa]",
    "\\u",
    "\x00",
]


@pytest.mark.parametrize("piece", REPEATED, ids=repr)
def test_time_is_linear(piece: str) -> None:
    value = (piece * (SIZE // len(piece) + 1)).encode()[:SIZE]
    start = time.perf_counter()
    MASKER.mask_text(value)
    carries_masked(value)
    assert time.perf_counter() - start < LIMIT_SECONDS


@pytest.mark.parametrize("padding", ["@" * 70, "1" * 200, "-" * 99, "::" * 50, "\x00" * 63, "x" * 64, "+4" * 40])
@pytest.mark.parametrize("offset", range(0, 66, 7))
def test_noise_before_hides_nothing(padding: str, offset: int) -> None:
    value = f"{padding[offset % len(padding) :]} maria@example.com".encode()
    masked, counts = MASKER.mask_text(value)
    assert b"maria" not in masked
    assert counts["EMAIL"] == 1


def test_a_value_is_found_wherever_the_windows_of_the_scanner_end() -> None:
    personal = [
        "maria@example.com",
        "4242424242424242",
        "+49 30 901820",
        "536-32-3065",
        "2001:db8::7:1",
        "DE89370400440532013000",
    ]
    for value in personal:
        for length in range(200):
            masked, counts = MASKER.mask_text(f"{'w' * length} {value}".encode())
            assert value.encode() not in masked, (value, length)
            assert sum(counts.values()) == 1
