"""COPY both ways: rows out are masked in the format they are written in, masked values do not come back in."""

from dataclasses import replace

import pytest

from safelight.domain.errors import PeerProtocolError
from safelight.protocols.postgres import messages as m
from safelight.protocols.postgres.deny import UNPARSEABLE
from tests.protocols.postgres.conversation_playbook import (
    BOUND,
    COPY_DONE,
    COPY_IN,
    COPY_TEXT,
    DETECT,
    EMAIL,
    NO_DATA,
    PARSED,
    READY,
    SYNC,
    Talk,
    bind,
    copy_data,
    copy_starts,
    copying,
    done,
    errors_in,
    execute,
    failure,
    kinds_in,
    messages_of,
    parse,
    reading,
)

OUT, IN, SELECT = b"copy customers to stdout", b"copy orders from stdin", b"select"
MASKED = b"[mask" + b"ed:EMAIL]"
FAIL = m.message(b"f", b"never mind\0")


def exporting() -> Talk:
    talk = Talk()
    talk.knows(OUT, copying(COPY_TEXT, DETECT, EMAIL))
    talk.client(m.query(OUT))
    return talk


def importing() -> Talk:
    """A COPY IN that the server is ready for."""
    talk = Talk()
    talk.knows(IN, copying(COPY_IN))
    talk.knows(SELECT, reading(DETECT))
    talk.client(m.query(IN))
    talk.relay.durable(1)
    assert talk.to_target() == m.query(IN)
    assert talk.server(copy_starts(b"G", 1)) == copy_starts(b"G", 1)
    return talk


# --- out ----------------------------------------------------------------------------------------------------------


def test_rows_out_are_masked_and_counted() -> None:
    talk = exporting()
    told = talk.server(
        copy_starts(b"H", 2),
        copy_data(b"1\tann@example.com\n"),
        copy_data(b"2\t\\N\n"),
        COPY_DONE,
        done(b"COPY 2"),
        READY,
    )
    assert kinds_in(told) == b"HddcCZ"
    first, second = [body for kind, body in messages_of(told) if kind == b"d"]
    assert first.startswith(b"1\t")
    assert b"ann" not in first
    assert second == b"2\t\\N\n"
    assert talk.gate.log[-1][2:] == ("ok", 2, "", {"email": 1})


def test_rows_may_be_cut_in_any_way() -> None:
    rows = b"1\tann@example.com\n2\tbob@example.com\n"
    whole = exporting().server(copy_starts(b"H", 2), copy_data(rows), COPY_DONE, done(b"COPY 2"), READY)
    bytewise = b"".join(copy_data(rows[at : at + 1]) for at in range(len(rows)))
    cut = exporting().server(copy_starts(b"H", 2), bytewise, COPY_DONE, done(b"COPY 2"), READY)
    payload = [b"".join(body for kind, body in messages_of(told) if kind == b"d") for told in (whole, cut)]
    assert payload[0] == payload[1]
    assert b"example.com" not in payload[0]


@pytest.mark.parametrize(
    "starts", [copy_starts(b"H", 3), copy_starts(b"H", 2, 1), copy_starts(b"G", 2), m.message(b"W", b"\0\0\0")]
)
def test_a_copy_that_begins_otherwise_than_planned_ends_the_session(starts: bytes) -> None:
    with pytest.raises(PeerProtocolError):
        exporting().server(starts)


@pytest.mark.parametrize(
    "data",
    [
        [copy_data(b"1\n")],
        [copy_data(b"1\t2\t3\n")],
        [copy_data(b"1\thalf"), COPY_DONE],
        [done(b"COPY 0")],
        [COPY_DONE, copy_data(b"1\t2\n")],
    ],
)
def test_rows_that_do_not_fit_end_the_session(data: list[bytes]) -> None:
    talk = exporting()
    talk.server(copy_starts(b"H", 2))
    with pytest.raises(PeerProtocolError):
        talk.server(*data)


def test_an_error_in_the_middle_ends_the_copy_and_keeps_the_session() -> None:
    talk = exporting()
    told = talk.server(copy_starts(b"H", 2), copy_data(b"1\t2\n"), failure("disk"), READY)
    assert kinds_in(told) == b"HdEZ"
    assert talk.gate.results() == ["error"]


# --- in -----------------------------------------------------------------------------------------------------------


def test_data_in_waits_for_the_server_and_then_flows() -> None:
    talk = Talk()
    talk.knows(IN, copying(COPY_IN))
    talk.knows(SELECT, reading(DETECT))
    talk.client(m.query(IN), copy_data(b"1\n"), COPY_DONE, m.query(SELECT))
    talk.relay.durable(1)
    assert talk.to_target() == m.query(IN)
    talk.server(copy_starts(b"G", 1))
    assert talk.to_target() == copy_data(b"1\n") + COPY_DONE + m.query(SELECT)
    assert talk.server(done(b"COPY 1"), READY) == done(b"COPY 1") + READY
    assert talk.gate.log[2][2:4] == ("ok", 1)


def test_data_in_waits_for_its_own_copy_not_for_what_was_sent_before() -> None:
    talk = Talk()
    talk.knows(IN, copying(COPY_IN))
    talk.knows(SELECT, reading(DETECT))
    talk.client(m.query(SELECT), m.query(IN), copy_data(b"1\n"), COPY_DONE)
    talk.relay.durable(1)
    assert talk.to_target() == m.query(IN)
    for earlier in (failure("division by zero"), READY):
        talk.server(earlier)
        assert talk.to_target() == b"", "the COPY has not begun"
    talk.server(copy_starts(b"G", 1))
    assert talk.to_target() == copy_data(b"1\n") + COPY_DONE


def test_an_extended_copy_that_fails_before_it_begins_lets_the_sync_through() -> None:
    talk = Talk()
    talk.knows(IN, copying(COPY_IN))
    talk.client(parse(b"", IN), bind(b"", b""), execute(b""), SYNC)
    talk.relay.durable(1)
    assert kinds_in(talk.to_target()) == b"DE"
    talk.server(failure("no such table", "42P01"))
    assert talk.to_target() == SYNC


def test_a_copy_in_among_other_statements_is_refused() -> None:
    talk = Talk()
    talk.knows(b"two", copying(COPY_IN), copying(COPY_IN))
    assert UNPARSEABLE in talk.client(m.query(b"two"))
    assert talk.gate.log == [("refused", b"two", "postgres.order.copy")]


def test_a_client_may_give_up() -> None:
    talk = importing()
    assert talk.client(copy_data(b"1\n"), FAIL) == copy_data(b"1\n") + FAIL
    assert kinds_in(talk.server(failure("COPY from stdin failed", "57014"), READY)) == b"EZ"
    assert talk.client(m.query(SELECT)) == m.query(SELECT)


@pytest.mark.parametrize("cut", range(1, len(MASKED)))
def test_a_masked_value_stops_the_copy_wherever_it_is_cut(cut: int) -> None:
    talk = importing()
    left = talk.client(copy_data(b"1 " + MASKED[:cut]), copy_data(MASKED[cut:] + b"\n"), COPY_DONE)
    assert MASKED[cut:] not in left
    assert kinds_in(left)[-1:] == b"f"
    told = talk.server(failure("COPY from stdin failed", "57014"), READY)
    assert errors_in(told)[0]["D"] == b"Rule: postgres.mask.write_back."
    assert talk.client(m.query(SELECT)) == m.query(SELECT)


def test_data_that_follows_an_error_is_dropped_as_the_server_does() -> None:
    talk = importing()
    assert kinds_in(talk.server(failure("bad line", "22P04"), READY)) == b"EZ"
    assert talk.client(copy_data(b"2\n"), COPY_DONE, m.query(SELECT)) == m.query(SELECT)


def test_sync_in_copy_in_is_ignored_as_the_server_does() -> None:
    talk = Talk()
    talk.knows(IN, copying(COPY_IN))
    assert kinds_in(talk.client(parse(b"", IN), bind(b"", b""), execute(b""), SYNC)) == b"PB"
    talk.relay.durable(1)
    assert kinds_in(talk.to_target()) == b"DE"
    talk.server(PARSED, BOUND, NO_DATA, copy_starts(b"G", 1))
    assert talk.client(copy_data(b"1\n"), SYNC, COPY_DONE, SYNC) == copy_data(b"1\n") + COPY_DONE + SYNC
    assert kinds_in(talk.server(done(b"COPY 1"), READY)) == b"CZ"


def test_other_messages_in_copy_in_end_the_session() -> None:
    with pytest.raises(PeerProtocolError):
        importing().client(m.query(SELECT))


def test_a_copy_that_fails_before_it_begins() -> None:
    talk = Talk()
    talk.knows(IN, copying(COPY_IN))
    talk.knows(SELECT, reading(DETECT))
    talk.client(m.query(IN), m.query(SELECT))
    talk.relay.durable(1)
    talk.to_target()
    talk.server(failure("no such table", "42P01"), READY)
    assert talk.to_target() == m.query(SELECT)


def test_a_masked_value_may_leave_in_a_copy_out_of_another_format() -> None:
    talk = Talk()
    csv = replace(COPY_TEXT, format="csv", delimiter=b",", null=b"", quote=b'"', escape=b'"')
    talk.knows(OUT, copying(csv, DETECT, EMAIL))
    talk.client(m.query(OUT))
    told = talk.server(
        copy_starts(b"H", 2), copy_data(b'"a\nb","ann"\n'), copy_data(b"c,\n"), COPY_DONE, done(b"COPY 2"), READY
    )
    rows = [body for kind, body in messages_of(told) if kind == b"d"]
    assert rows[0].startswith(b'"a\nb",')
    assert b"ann" not in rows[0]
    assert rows[1] == b"c,\n"
