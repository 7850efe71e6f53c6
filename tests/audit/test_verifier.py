"""The verifier finds what was done to an export (I6). Each story does one thing to it that somebody might try."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import safelight.audit.verifier as verifier
from safelight.audit.canonical import canonical
from safelight.audit.checkpoint import verifier_key
from safelight.audit.merkle import Frontier, leaf_hash
from safelight.audit.verifier import Report, Unusable, summary, verify
from safelight.audit.verifier.__main__ import main
from tests.audit.exports import KEY, VERIFIER_KEY, Made, line, make, note_over

FILES = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def check(path: Path, data: bytes, anchor: str | None = None) -> Report:
    export = path / "export"
    export.write_bytes(data)
    return verify(export, VERIFIER_KEY, anchor)


def found(path: Path, lines: list[bytes], anchor: str | None = None) -> Report:
    """The report on lines that were tampered with: there must be a problem."""
    report = check(path, b"".join(item + b"\n" for item in lines), anchor)
    assert not report.ok
    return report


def resigned(made: Made, lines: list[bytes], key: Ed25519PrivateKey = KEY) -> list[bytes]:
    """What the holder of ``key`` can do: number the records again and sign all checkpoints anew."""
    frontier = Frontier()
    result = [made.lines[0]]
    for item in lines[1:]:
        if b'"index":' in item:
            record = json.loads(item)
            record["index"] = frontier.size
            result.append(canonical(record))
            frontier.fold([leaf_hash(result[-1])])
        elif item.startswith(b'{"checkpoint"'):
            result.append(line("checkpoint", note_over(frontier, key)))
    return [*result, line("end", frontier.size)]


@FILES
@given(st.integers(0, 30), st.integers(1, 9), st.integers(0, 40), st.booleans())
def test_an_untouched_export_is_proven(tmp_path: Path, statements: int, every: int, first: int, reveal: bool) -> None:
    made = make(statements, every=every, first=first, reveal=reveal)
    report = check(tmp_path, made.data(), made.anchor)
    assert report.problems == []
    assert report.anchored_size == report.proven_size == report.size == first + 2 * statements
    assert report.open_intents == []
    assert "VERIFIED" in summary(report)


def test_without_a_checkpoint_it_says_what_is_not_anchored(tmp_path: Path) -> None:
    report = check(tmp_path, make(3).data())
    assert report.ok
    assert report.anchored_size is None
    assert report.proven_until_ms == 1002
    assert "UNANCHORED (all of it)" in summary(report)


def test_an_older_checkpoint_anchors_what_it_covers(tmp_path: Path) -> None:
    made = make(6, every=4)
    older = json.loads(next(item for item in made.lines if b"checkpoint" in item))["checkpoint"]
    report = check(tmp_path, made.data(), older)
    assert (report.ok, report.anchored_size, report.anchored_until_ms, report.size) == (True, 4, 1001, 12)
    assert "UNANCHORED (after 1970-01-01T00:00:01.001+00:00)" in summary(report)


@FILES
@given(st.data(), st.booleans(), st.booleans())
def test_any_flipped_bit_is_found(tmp_path: Path, data: st.DataObject, anchored: bool, reveal: bool) -> None:
    made = make(4, reveal=reveal, first=3)
    changed = bytearray(made.data())
    changed[data.draw(st.integers(0, len(changed) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    try:
        report = check(tmp_path, bytes(changed), made.anchor if anchored else None)
    except Unusable:
        return
    assert not report.ok


def test_every_bit_of_a_small_export_counts(tmp_path: Path) -> None:
    whole = make(1, reveal=True).data()
    missed = []
    for at in range(len(whole)):
        changed = bytearray(whole)
        changed[at] ^= 1 << (at % 8)
        try:
            if check(tmp_path, bytes(changed)).ok:
                missed.append(at)
        except Unusable:
            continue
    assert missed == []


@FILES
@given(st.integers(0, 19))
def test_a_removed_record_is_named(tmp_path: Path, index: int) -> None:
    made = make(10)
    lines = list(made.lines)
    del lines[made.records()[index]]
    messages = [problem.message for problem in found(tmp_path, lines).problems if problem.index == index]
    assert messages, "the record that is missing is the first that is named"
    if index < 19:
        assert f"record {index} is missing" in messages


@FILES
@given(st.integers(0, 19), st.integers(0, 19))
def test_swapped_records_are_named(tmp_path: Path, one: int, two: int) -> None:
    made = make(10)
    lines = list(made.lines)
    at = made.records()
    lines[at[one]], lines[at[two]] = lines[at[two]], lines[at[one]]
    if one == two:
        return
    assert found(tmp_path, lines).problems[0].index == min(one, two)


@FILES
@given(st.integers(0, 19))
def test_a_duplicated_record_is_named(tmp_path: Path, index: int) -> None:
    made = make(10)
    lines = list(made.lines)
    at = made.records()[index]
    lines.insert(at, lines[at])
    report = found(tmp_path, lines)
    assert report.problems[0].index == index
    assert "stands again" in report.problems[0].message


@FILES
@given(st.data())
def test_any_truncation_is_found(tmp_path: Path, data: st.DataObject) -> None:
    made = make(6)
    whole = made.data()
    cut = data.draw(st.integers(0, len(whole) - 1))
    try:
        assert not check(tmp_path, whole[:cut], made.anchor).ok
    except Unusable:
        assert cut < len(made.lines[0]) + 1


def test_an_edit_is_found_between_its_checkpoints(tmp_path: Path) -> None:
    made = make(10, every=4)
    lines = list(made.lines)
    at = made.records()[13]
    lines[at] = lines[at].replace(b'"result":"ok"', b'"result":"no"')
    problem = found(tmp_path, lines).problems[0]
    assert problem.index == 12
    assert "those before 16" in problem.message
    assert "among 12 to 15" in problem.message


@FILES
@given(st.integers(0, 19))
def test_records_numbered_again_are_not_what_was_signed(tmp_path: Path, index: int) -> None:
    made = make(10)
    lines = list(made.lines)
    del lines[made.records()[index]]
    numbered = resigned(made, lines, Ed25519PrivateKey.generate())
    assert any("not genuine" in problem.message for problem in found(tmp_path, numbered).problems)


@FILES
@given(st.integers(0, 19))
def test_the_holder_of_the_key_cannot_get_past_a_checkpoint_kept_elsewhere(tmp_path: Path, index: int) -> None:
    made = make(10)
    lines = list(made.lines)
    at = made.records()[index]
    lines[at] = lines[at].replace(b'"at":1', b'"at":2')
    forged = resigned(made, lines)
    assert check(tmp_path, b"".join(item + b"\n" for item in forged)).ok, "the key alone proves no more"
    problem = found(tmp_path, forged, made.anchor).problems[0]
    assert "edited or forked" in problem.message


def test_a_log_cut_and_signed_again_is_found_by_a_checkpoint_kept_elsewhere(tmp_path: Path) -> None:
    made = make(10)
    cut = resigned(made, [*made.lines[: made.records()[15]], line("checkpoint", ""), b""])
    assert check(tmp_path, b"".join(item + b"\n" for item in cut)).ok
    assert found(tmp_path, cut, made.anchor).problems[0].message.startswith("truncated: the checkpoint")


def test_a_fork_is_found(tmp_path: Path) -> None:
    one, other = make(5, salt=b"one"), make(5, salt=b"other")
    assert "forked" in found(tmp_path, other.lines, one.anchor).problems[0].message


def test_a_tail_under_no_checkpoint_is_no_proof(tmp_path: Path) -> None:
    made = make(5, every=4)
    lines = [item for item in made.lines if item != line("checkpoint", made.anchor)]
    assert "records 8 to 9 are under no checkpoint" in found(tmp_path, lines).problems[0].message


def test_a_checkpoint_from_before_the_export_does_not_tie_it(tmp_path: Path) -> None:
    before = Frontier()
    before.fold([bytes(32)] * 3)
    made = make(5, first=10)
    assert "cannot be tied" in found(tmp_path, made.lines, note_over(before)).problems[0].message


def test_what_comes_before_an_export_cannot_be_invented(tmp_path: Path) -> None:
    made = make(5, first=10)
    header = json.loads(made.lines[0])
    header["export"]["frontier"][0] = "00" * 32
    report = found(tmp_path, [canonical(header), *made.lines[1:]])
    assert "not what was signed" in report.problems[0].message


def test_a_key_that_its_records_do_not_name_is_refused(tmp_path: Path) -> None:
    made = make(2, reveal=True)
    other = make(2, reveal=True)
    identity = json.loads(made.lines[1])["key"]["id"]
    forged = line("key", {"id": identity, "key": json.loads(other.lines[1])["key"]["key"]})
    assert (
        "not the one that its records name"
        in found(tmp_path, [made.lines[0], forged, *made.lines[2:]]).problems[0].message
    )


def signed(tmp_path: Path, records: list[dict[str, object]]) -> Report:
    """The report on records that were signed as they are."""
    frontier = Frontier()
    lines = [make(0).lines[0]]
    for index, fields in enumerate(records):
        full = {"actor": "a", "at": 1, "fields": {}, "index": index, "salt": "x", "session": "s1", "v": 1} | fields
        lines.append(canonical(full))
        frontier.fold([leaf_hash(lines[-1])])
    lines += [line("checkpoint", note_over(frontier)), line("end", frontier.size)]
    return check(tmp_path, b"".join(item + b"\n" for item in lines))


def test_intents_without_outcome_are_listed(tmp_path: Path) -> None:
    intent: dict[str, object] = {"kind": "statement.intent"}
    outcome: dict[str, object] = {"kind": "statement.outcome", "fields": {"intent": 1}}
    report = signed(tmp_path, [intent, intent, outcome, intent])
    assert report.ok
    assert report.open_intents == [0, 3]
    assert "2 statements have no outcome (records 0, 3)" in summary(report)


@pytest.mark.parametrize(
    ("outcome", "message"),
    [
        ({"fields": {"intent": 5}}, "names no intent"),
        ({"fields": {}}, "names no intent"),
        ({"fields": {"intent": 1}}, "no open intent"),
        ({"fields": {"intent": 0}, "session": "s2"}, "another session"),
    ],
)
def test_an_outcome_has_its_intent(tmp_path: Path, outcome: dict[str, object], message: str) -> None:
    other: dict[str, object] = {"kind": "lock.created"}
    report = signed(tmp_path, [{"kind": "statement.intent"}, other, {"kind": "statement.outcome"} | outcome])
    assert message in report.problems[0].message
    assert report.problems[0].index == 2


def test_an_intent_ends_once(tmp_path: Path) -> None:
    outcome: dict[str, object] = {"kind": "statement.outcome", "fields": {"intent": 0}}
    assert "no open intent" in signed(tmp_path, [{"kind": "statement.intent"}, outcome, outcome]).problems[0].message


@pytest.mark.parametrize("data", [b"", b"{}\n", b"[]\n", b'{"export":{}}\n', b"\xff\xfe\n", b"[" * 100_000 + b"\n"])
def test_what_is_no_export_is_unusable(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(Unusable):
        check(tmp_path, data)


@FILES
@given(st.lists(st.binary(max_size=40) | st.just(b'{"index":0}') | st.just(b'{"index":NaN}'), max_size=5))
def test_garbage_never_breaks_it(tmp_path: Path, lines: list[bytes]) -> None:
    assert not found(tmp_path, [make(1).lines[0], *lines]).ok


@pytest.mark.parametrize("text", ["\\ud800", "x" * 10], ids=["surrogate", "plain"])
def test_a_hostile_record_never_breaks_it(tmp_path: Path, text: str) -> None:
    hostile = b'{"index":0,"at":1,"kind":"%b","deep":%b}' % (text.encode(), b"[" * 5000 + b"]" * 5000)
    assert not found(tmp_path, [make(1).lines[0], hostile]).ok


def test_another_key_or_another_log_is_unusable(tmp_path: Path) -> None:
    made = make(2)
    export = tmp_path / "export"
    export.write_bytes(made.data())
    with pytest.raises(Unusable, match="of the log"):
        verify(export, verifier_key("example.org/audit/node-2", KEY.public_key()))
    with pytest.raises(Unusable, match="checkpoint"):
        verify(export, VERIFIER_KEY, note_over(Frontier(), Ed25519PrivateKey.generate()))
    with pytest.raises(Unusable, match="No such file"):
        verify(tmp_path / "missing", VERIFIER_KEY)


def test_the_command_runs_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = make(3)
    export, key, anchor = tmp_path / "export", tmp_path / "key", tmp_path / "checkpoint"
    export.write_bytes(made.data())
    key.write_text(VERIFIER_KEY + "\n")
    anchor.write_text(made.anchor)
    given = [str(export), "--key", str(key), "--checkpoint", str(anchor)]
    assert main(given) == 0
    assert "anchored: the first 6 records" in capsys.readouterr().out
    export.write_bytes(made.data().replace(b"select", b"delete", 1))
    assert main(given) == 1
    assert "PROBLEM" in capsys.readouterr().out
    assert main([str(tmp_path / "missing"), "--key", str(key)]) == 2
    assert "cannot verify" in capsys.readouterr().err


def test_it_can_be_copied_away_from_safelight(tmp_path: Path) -> None:
    source = Path(verifier.__file__).parent
    copy = tmp_path / "audit_verifier"
    copy.mkdir()
    for file in source.glob("*.py"):
        (copy / file.name).write_text(file.read_text())
        assert "safelight" not in "".join(
            item for item in file.read_text().splitlines(keepends=True) if item.startswith(("import", "from"))
        )
    (tmp_path / "export").write_bytes(make(2).data())
    (tmp_path / "key").write_text(VERIFIER_KEY)
    code = "import sys; sys.modules['safelight'] = None; from audit_verifier.__main__ import main; sys.exit(main())"
    run = subprocess.run(
        [sys.executable, "-c", code, "export", "--key", "key"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stderr) == (0, "")
