"""Pairing replies with what was asked: any cut gives the same, nothing unasked leaves, memory is bounded."""

import resource
import struct
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safelight import _native
from safelight.protocols.postgres import messages as m
from tests.native.wire_script import DETECT, Maker, columns, label, plan, run, stream, three_ways
from tests.protocols.postgres.conversation_playbook import (
    BOUND,
    CLOSED,
    COPY_DONE,
    EMPTY,
    FAILED,
    IN_BLOCK,
    MASKER,
    NO_DATA,
    PARSED,
    READY,
    SUSPENDED,
    copy_data,
    copy_starts,
    done,
    failure,
    kinds_in,
    row,
)

Q, P, B, C, DS, DP, SILENT, E, S = (
    _native.EXPECT_QUERY,
    _native.EXPECT_PARSE,
    _native.EXPECT_BIND,
    _native.EXPECT_CLOSE,
    _native.EXPECT_DESCRIBE_STATEMENT,
    _native.EXPECT_DESCRIBE_PORTAL,
    _native.EXPECT_DESCRIBE_PORTAL_SILENT,
    _native.EXPECT_EXECUTE,
    _native.EXPECT_SYNC,
)
MAIL = b"ann" + b"@example.com"
ONE, TWO = columns(25), columns(23, 25)
PLAN_ONE, PLAN_TWO = plan(ONE, [DETECT]), plan(TWO, [DETECT, DETECT])
PARAMETERS = m.message(b"t", b"\0\1\0\0\0\x17")


def copying(format_name: str = "text", rules: Sequence[_native.ColumnRule] = (DETECT, DETECT)) -> _native.ResultPlan:
    made = plan()
    made.copy_out(format_name, b"\t", b"\\N", b'"', b'"', False, False, rules)
    return made


QUERY = ((Q, (PLAN_ONE,)),)
EXTENDED = ((P, ()), (B, ()), (DP, (PLAN_TWO,)), (E, (PLAN_TWO,)), (S, ()))
STORIES: list[tuple[str, tuple[tuple[int, Sequence[_native.ResultPlan]], ...], bytes, bytes, str]] = [
    ("simple query", QUERY, ONE + row(b"a") + done(b"SELECT 1") + READY, b"TDCZ", "CZ"),
    ("no rows at all", ((Q, (plan(),)),), done(b"UPDATE 1") + READY, b"CZ", "CZ"),
    ("empty query", ((Q, ()),), EMPTY + READY, b"IZ", "IZ"),
    (
        "several statements",
        ((Q, (PLAN_ONE, plan(), PLAN_TWO)),),
        ONE + done(b"SELECT 0") + done(b"SET") + TWO + row(b"1", b"a") + done(b"SELECT 1") + IN_BLOCK,
        b"TCCTDCZ",
        "CCCZ",
    ),
    ("an error", QUERY, ONE + row(b"a") + failure("x") + READY, b"TDZ", "EZ"),
    (
        "an error in the second statement",
        ((Q, (PLAN_ONE, PLAN_ONE)), (Q, (PLAN_ONE,))),
        ONE + done(b"SELECT 0") + failure("x") + FAILED + ONE + done(b"SELECT 0") + READY,
        b"TCZTCZ",
        "CEZCZ",
    ),
    (
        "notices, parameters and notifications anywhere",
        QUERY,
        m.notice("a")
        + ONE
        + m.parameter_status("a", "b")
        + row(b"a")
        + m.message(b"A", b"\0\0\0\1a\0\0")
        + row(b"b")
        + m.notice("b")
        + done(b"SELECT 2")
        + m.notice("c")
        + READY
        + m.notice("d"),
        b"TDDCZ",
        "NSANCNZN",
    ),
    (
        "extended",
        EXTENDED,
        PARSED + BOUND + TWO + row(b"1", None) + done(b"SELECT 1") + READY,
        b"12TDCZ",
        "CZ",
    ),
    (
        "described by the gateway",
        ((B, ()), (SILENT, (PLAN_TWO,)), (E, (PLAN_TWO,)), (S, ())),
        BOUND + TWO + row(b"1", b"a") + SUSPENDED + READY,
        b"2DsZ",
        "sZ",
    ),
    (
        "described by the gateway, without rows",
        ((SILENT, (PLAN_TWO,)), (E, (PLAN_TWO,)), (S, ())),
        NO_DATA + done(b"DELETE 3") + READY,
        b"CZ",
        "CZ",
    ),
    (
        "a prepared statement's description",
        ((P, ()), (DS, ()), (DS, ()), (C, ()), (S, ())),
        PARSED + PARAMETERS + TWO + PARAMETERS + NO_DATA + CLOSED + READY,
        b"1tTtn3Z",
        "Z",
    ),
    (
        "an error in a pipeline of two batches",
        (*EXTENDED, *EXTENDED),
        PARSED + failure("x") + READY + PARSED + BOUND + TWO + done(b"SELECT 0") + READY,
        b"1Z12TCZ",
        "EZCZ",
    ),
    ("an error at sync", EXTENDED[-1:], failure("x") + READY, b"Z", "EZ"),
    ("an empty portal", ((DP, ()), (E, ()), (S, ())), NO_DATA + EMPTY + READY, b"nIZ", "IZ"),
    (
        "copy out",
        ((Q, (copying(),)),),
        copy_starts(b"H", 2) + copy_data(b"1\ta\n") + copy_data(b"2\tb\n") + COPY_DONE + done(b"COPY 2") + READY,
        b"HddcCZ",
        "HCZ",
    ),
    ("copy in", ((Q, (plan(),)),), copy_starts(b"G", 2) + done(b"COPY 2") + READY, b"GCZ", "GCZ"),
    ("copy in that fails", ((Q, (plan(),)),), copy_starts(b"G", 2) + failure("x") + READY, b"GZ", "GEZ"),
    ("the server's own end", (), failure("bye", "57P01", "FATAL"), b"", "E"),
]


@pytest.mark.parametrize(
    ("expected", "data", "kinds", "codes"), [s[1:] for s in STORIES], ids=[s[0] for s in STORIES]
)
def test_any_cut_gives_the_same(
    expected: tuple[tuple[int, Sequence[_native.ResultPlan]], ...], data: bytes, kinds: bytes, codes: str
) -> None:
    output, events = three_ways(Maker(*expected), data)
    assert kinds_in(output) == kinds
    assert "".join(chr(code) for code, _, _ in events) == codes


def test_events_tell_tokens_rows_and_counts() -> None:
    described = columns(25, 25)
    chosen = plan(described, [DETECT, label("redact", "name")])
    _, events = run(
        Maker((Q, (chosen, plan())))(),
        [described + row(MAIL, b"Ann") * 3 + done(b"SELECT 3") + done(b"INSERT 0 7") + READY],
    )
    (_, token, first), (_, _, second), (_, _, status) = events
    assert token == 1
    assert isinstance(first, tuple)
    assert isinstance(second, tuple)
    assert (first[0], first[1], first[3]) == (b"SELECT 3", 3, {"EMAIL": 3, "name": 3})
    assert second == (b"INSERT 0 7", 7, 0, {})
    assert status == ord("I")


def test_bytes_counted_are_those_that_leave() -> None:
    data = ONE + row(b"abc") + row(MAIL) + done(b"SELECT 2") + READY
    output, events = run(Maker(*QUERY)(), [data])
    detail = events[0][2]
    assert isinstance(detail, tuple)
    assert detail[2] == len(output) - len(ONE) - len(done(b"SELECT 2")) - len(READY)


def test_what_passes_whole_is_not_copied() -> None:
    reply = ONE + row(b"a") * 100 + done(b"SELECT 100") + READY
    output, _ = Maker(*QUERY)().feed(reply)
    assert output is reply


def test_a_description_that_is_not_accepted_pauses_until_it_is() -> None:
    fresh = plan()
    made = Maker((Q, (fresh,)))()
    output, events = made.feed(ONE + row(b"a") + done(b"SELECT 1") + READY)
    assert (output, events, made.paused) == (b"", [(ord("T"), 1, ONE[5:])], True)
    assert made.buffered > 0
    fresh.accept(ONE[5:], [DETECT])
    output, events = made.resume(b"", False)
    assert kinds_in(output) == b"TDCZ"
    assert not made.paused


def test_a_description_that_is_not_accepted_does_not_pass() -> None:
    made = Maker((Q, (plan(),)))()
    made.feed(ONE)
    with pytest.raises(ValueError, match="not accepted"):
        made.resume(b"", False)


def test_rows_of_a_description_that_was_dropped_do_not_pass() -> None:
    for expected in (((Q, (plan(),)),), ((DP, (plan(),)), (E, (plan(),)))):
        made = Maker(*expected)()
        made.feed(ONE)
        made.resume(b"", True)
        with pytest.raises(ValueError, match="columns"):
            made.feed(row(b"a"))


def test_a_replacement_takes_the_place_of_what_paused() -> None:
    made = Maker(*QUERY)()
    made.feed(ONE + row(b"a") + failure("x") + READY)
    output, _ = made.resume(m.notice("in its place"))
    assert output == m.notice("in its place") + READY


def test_only_64_descriptions_are_remembered() -> None:
    chosen = plan()
    described = [columns(25, *[23] * number) for number in range(70)]
    for number, body in enumerate(described):
        chosen.accept(body[5:], [DETECT] * (number + 1))
    made = Maker((Q, (chosen, chosen)))()
    assert made.feed(described[69])[0] == described[69]
    made.feed(done(b"SELECT 0"))
    made.feed(described[0])
    assert made.paused


@pytest.mark.parametrize("rules", [[], [DETECT, DETECT]])
def test_rules_and_columns_must_agree(rules: list[_native.ColumnRule]) -> None:
    with pytest.raises(ValueError, match="columns"):
        plan().accept(ONE[5:], rules)


# --- hostile servers ----------------------------------------------------------------------------------------------

LONG_AGO = struct.pack("!i", 2_000_000_000)
HOSTILE: list[tuple[tuple[tuple[int, Sequence[_native.ResultPlan]], ...], bytes]] = [
    ((), row(b"a")),
    ((), READY),
    ((), done(b"SELECT 1")),
    ((), m.message(b"R", b"\0\0\0\0")),
    ((), m.message(b"K", bytes(8))),
    ((), m.message(b"v", bytes(8))),
    ((), m.message(b"W", bytes(3))),
    ((), m.message(b"V", bytes(4))),
    ((), m.message(b"d", b"x")),
    ((), COPY_DONE),
    ((), b"\x80\0\0\0\4"),
    ((), b"N\0\0\0\3"),
    ((), b"N\xff\xff\xff\xff"),
    ((), b"N" + LONG_AGO),
    ((), b"Z\0\0\0\7"),
    (QUERY, READY[:-1] + b"X"),
    (QUERY, ONE + ONE),
    (QUERY, ONE + READY),
    (QUERY, row(b"a")),
    (QUERY, ONE + row(b"a", b"b")),
    (QUERY, ONE + row()),
    (QUERY, ONE + m.message(b"D", b"\0")),
    (QUERY, ONE + m.message(b"D", b"\0\1\0\0\0\5a")),
    (QUERY, ONE + m.message(b"D", b"\0\1\xff\xff\xff\xfe")),
    (QUERY, ONE + m.message(b"D", b"\0\1\0\0\0\1ab")),
    (QUERY, ONE + m.message(b"D", b"\0\1\0\0")),
    (QUERY, ONE + done(b"SELECT 1") + done(b"SELECT 1")),
    (QUERY, ONE + done(b"SELECT 1") + ONE),
    (QUERY, done(b"select ann")),
    (QUERY, done(b"A" * 65)),
    (QUERY, m.message(b"C", b"SELECT 1")),
    (QUERY, EMPTY),
    (QUERY, SUSPENDED),
    (QUERY, PARSED),
    (QUERY, NO_DATA),
    (QUERY, COPY_DONE),
    (QUERY, ONE + copy_starts(b"H", 1)),
    (((Q, ()),), ONE),
    (((Q, ()),), done(b"DELETE 1")),
    (((P, ()),), BOUND),
    (((P, ()),), READY),
    (((B, ()),), PARSED),
    (((DS, ()),), TWO),
    (((DS, ()),), m.message(b"t", b"\0\1")),
    (((DS, ()),), PARAMETERS + m.message(b"T", b"\0\1a")),
    (((DS, ()),), PARAMETERS + PARAMETERS),
    (((DP, (PLAN_ONE,)), (E, (PLAN_ONE,))), NO_DATA + row(b"a")),
    (((DP, (PLAN_ONE,)), (E, (PLAN_ONE,))), ONE + ONE),
    (((DP, (PLAN_ONE,)), (C, ()), (E, (PLAN_ONE,))), ONE + CLOSED + row(b"a")),
    (((E, (PLAN_ONE,)),), row(b"a")),
    (((DP, ()),), ONE),
    (((E, ()),), done(b"DELETE 1")),
    (((S, ()),), done(b"COMMIT")),
]


@pytest.mark.parametrize(("expected", "data"), HOSTILE)
def test_what_breaks_the_protocol_ends_the_stream_and_leaves_nothing(
    expected: tuple[tuple[int, Sequence[_native.ResultPlan]], ...], data: bytes
) -> None:
    made = Maker(*expected)()
    with pytest.raises(ValueError, match=r"."):
        run(made, [data])
    with pytest.raises(ValueError, match="failed before"):
        made.feed(READY)
    assert made.buffered == 0


@pytest.mark.parametrize("kind", [b"\0", b"R", b"W", b"\xff"])
def test_a_type_is_judged_before_its_length_has_come(kind: bytes) -> None:
    with pytest.raises(ValueError, match="no place"):
        stream().feed(kind)


@pytest.mark.parametrize("head", [b"D", b"d"])
def test_a_row_too_long_to_be_held_is_told_apart_as_soon_as_its_length_is_there(head: bytes) -> None:
    made = Maker(*QUERY)()
    made.feed(ONE)
    with pytest.raises(ValueError, match=r"^54000:"):
        made.feed(head + struct.pack("!i", (1 << 16) + 5))


def test_a_row_at_the_limit_passes() -> None:
    made = Maker(*QUERY)()
    made.feed(ONE)
    longest = row(b"x" * ((1 << 16) - 6))
    assert made.feed(longest)[0] == longest


def test_expectations_that_cannot_be_are_refused() -> None:
    made = stream()
    for kind, plans in ((_native.EXPECT_FUNCTION_CALL, ()), (99, ()), (E, (PLAN_ONE, PLAN_ONE))):
        with pytest.raises(ValueError, match=r"."):
            made.expect(kind, plans, 1)
    with pytest.raises(ValueError, match="not paused"):
        made.resume(b"")


def test_after_an_error_expectations_up_to_sync_are_not_queued() -> None:
    made = Maker((P, ()))()
    made.feed(failure("x"))
    made.resume(b"")
    made.expect(B, (), 2)
    assert made.pending == 0
    made.expect(S, (), 3)
    assert made.feed(READY)[1] == [(ord("Z"), 3, ord("I"))]


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def test_memory_is_bounded_whatever_the_server_sends() -> None:
    made = stream(max_row_bytes=1 << 20)
    made.expect(Q, (PLAN_ONE,), 1)
    made.feed(ONE)
    before = resident_bytes()
    longest = row(b"x" * ((1 << 20) - 6))
    for _ in range(100):
        for at in range(0, len(longest), 1 << 16):
            made.feed(longest[at : at + (1 << 16)])
            assert made.buffered <= len(longest)
    assert made.buffered == 0
    assert resident_bytes() - before < 16 << 20


def test_a_flood_of_notices_is_taken_one_by_one_in_linear_time() -> None:
    made = stream(max_message_bytes=1 << 20)
    flood = m.notice("x") * 20_000
    output, events = run(made, [flood])
    assert (output, len(events)) == (b"", 20_000)


def test_a_long_message_in_small_pieces_takes_linear_time() -> None:
    made = Maker(*QUERY)()
    made.feed(ONE)
    whole = row(b"x" * 60_000)
    output = b"".join(made.feed(bytes((byte,)))[0] for byte in whole)
    assert output == whole


def test_another_thread_runs_while_a_long_piece_is_masked() -> None:
    data = (ONE + row(MAIL) * 100_000 + done(b"SELECT 100000") + READY,)
    ran = threading.Event()
    thread = threading.Thread(target=ran.set)
    made = Maker(*QUERY)()
    thread.start()
    run(made, data)
    thread.join()
    assert ran.is_set()


KINDS = st.sampled_from([Q, P, B, C, DS, DP, SILENT, E, S])
PLANS = {Q: (PLAN_ONE, PLAN_TWO), DP: (PLAN_TWO,), SILENT: (PLAN_TWO,), E: (PLAN_TWO,)}
PIECES = st.sampled_from(
    [
        *(ONE, TWO, row(b"a"), row(b"1", MAIL), done(b"SELECT 1"), READY, PARSED, BOUND, CLOSED, NO_DATA, SUSPENDED),
        *(EMPTY, COPY_DONE, PARAMETERS, failure("x"), m.notice("y"), copy_starts(b"H", 2)),
        *(copy_data(b"1\t" + MAIL + b"\n"), b"D\0\0\0\4", b"D\0\0\0\x09\0\1\0\0\0\5", b"\0", b"C\0\0\0\5"),
    ]
)


@settings(max_examples=600, deadline=None)
@given(st.lists(KINDS, max_size=6), st.lists(st.one_of(PIECES, st.binary(max_size=12)), max_size=12))
def test_any_bytes_give_output_or_an_error_and_never_what_should_be_masked(
    kinds: list[int], pieces: list[bytes]
) -> None:
    made = Maker(*[(kind, PLANS.get(kind, ())) for kind in kinds])()
    try:
        output, _ = run(made, pieces)
    except ValueError:
        with pytest.raises(ValueError, match="failed before"):
            made.feed(b"")
        return
    assert MAIL not in output
    assert made.buffered <= sum(map(len, pieces))


ROW_VALUES = st.lists(
    st.tuples(
        st.one_of(st.none(), st.binary(max_size=30), st.sampled_from([MAIL, b"x " + MAIL, b"+49 30 1234" + b"567"])),
        st.one_of(st.none(), st.binary(max_size=30), st.sampled_from([MAIL, b"1" * 48, b"0" * 57])),
    ),
    max_size=40,
)


@settings(max_examples=200, deadline=None)
@given(ROW_VALUES)
def test_a_block_of_rows_is_masked_as_its_rows_are(rows: list[tuple[bytes | None, bytes | None]]) -> None:
    """The scan of a whole block finds whatever a scan of single cells finds."""
    described = columns(25, 25)
    chosen = plan(described, [DETECT, DETECT])
    data = b"".join(row(*values) for values in rows)
    output, _ = run(Maker((Q, (chosen,)))(), [described + data])
    expected = b"".join(row(*[v if v is None else MASKER.mask_text(v)[0] for v in values]) for values in rows)
    assert output == described + expected
