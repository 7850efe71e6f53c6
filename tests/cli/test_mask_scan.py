"""``mask scan``: one line out for each line in, whatever comes in, as soon as it comes."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from safelight.cli.commands import mask


def stars(text: str, regions: Sequence[str]) -> tuple[str, list[tuple[int, int, str]]]:
    """Stands in for the detectors: finds the word card. Refuses lone surrogates and unknown regions, as native code
    does."""
    text.encode()
    if any(region != "DE" for region in regions):
        raise ValueError(regions)
    start = text.find("card")
    return (text, []) if start < 0 else (text.replace("card", "****"), [(start, start + 4, "card")])


def answer(line: bytes) -> Any:
    out = mask.answer(line, stars)
    assert out.endswith(b"\n")
    assert out.count(b"\n") == 1
    return json.loads(out)


def test_what_is_found_is_masked_and_located() -> None:
    line = json.dumps({"text": "é card 😀"}).encode()
    assert answer(line) == {"masked": "é **** 😀", "findings": [{"start": 2, "end": 6, "type": "card"}]}


@pytest.mark.parametrize(
    "line",
    [
        *(b"", b" ", b"{", b"\xff", b"[]", b"7", b"null", b"{}", b'{"text": 7}', b'{"text": null}'),
        *(b"[" * 200_000, b"1" * 5000, b'{"text": "x"} more', b'\xef\xbb\xbf"'),
    ],
)
def test_a_line_that_cannot_be_read_gives_an_error_line(line: bytes) -> None:
    assert set(answer(line)) == {"error"}


def test_other_members_are_ignored() -> None:
    assert answer(b'{"id": 1, "text": "x"}')["masked"] == "x"


def test_a_line_names_its_own_region() -> None:
    assert answer(b'{"text": "card", "region": "DE"}')["masked"] == "****"
    assert "error" in answer(b'{"text": "card", "region": "XX"}')
    assert answer(b'{"text": "card", "region": 7}')["masked"] == "****"


def test_lone_surrogates_keep_their_place() -> None:
    found = answer(rb'{"text": "\ud800 card \udfff"}')
    assert found["masked"] == "� **** �"
    assert found["findings"] == [{"start": 2, "end": 6, "type": "card"}]


def test_line_separators_of_unicode_do_not_break_a_line() -> None:
    assert answer(json.dumps({"text": "a\u2028b\x85c\nd"}).encode())["masked"] == "a\u2028b\x85c\nd"


def lines_of(*chunks: bytes) -> list[list[bytes | None]]:
    """What is answered together when the input arrives in these pieces."""
    read, write = os.pipe()
    pending: Iterator[bytes] = iter(chunks)
    batches = mask._batches(read)
    found: list[list[bytes | None]] = []
    for chunk in pending:
        os.write(write, chunk)
        if b"\n" in chunk:
            found.append(next(batches))
    os.close(write)
    found.extend(batches)
    os.close(read)
    return found


def test_lines_are_answered_as_they_come() -> None:
    assert lines_of(b"a\nb\n", b"c\n") == [[b"a", b"b"], [b"c"]]


def test_a_line_in_pieces_and_a_last_one_without_its_end() -> None:
    assert lines_of(b"ab", b"c\nd", b"e") == [[b"abc"], [b"de"]]


def test_an_empty_line_is_a_line() -> None:
    assert lines_of(b"\n\na\n") == [[b"", b"", b"a"]]


def test_a_line_that_is_too_long_is_skipped_and_the_next_one_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mask, "_MAX_LINE_BYTES", 4)
    assert lines_of(b"abc", b"de", b"f\ngh\n", b"longer than four") == [[None, b"gh"], [None]]


def test_a_conversation_line_by_line() -> None:
    code = "from safelight.entrypoints.main import run; run()"
    with subprocess.Popen(
        [sys.executable, "-c", code, "mask", "scan"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        for text in ("nothing here", "write to ana@example.com"):
            process.stdin.write(json.dumps({"text": text}).encode() + b"\n")
            process.stdin.flush()
            found = json.loads(process.stdout.readline())
            assert "masked" in found
        assert found["findings"][0]["type"] == "EMAIL"
        assert "ana@example.com" not in found["masked"]
        process.stdin.close()
        assert process.wait(10) == 0
