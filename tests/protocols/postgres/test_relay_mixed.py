"""A simple Query inside of an extended batch, without a Sync before it, as asyncpg sends it: the server runs it, or
skips it when something before it in the batch has failed. Which of the two is waited for."""

from safelight.domain.decision import Effect
from safelight.protocols.postgres import messages as m
from safelight.protocols.postgres.deny import UNPARSEABLE
from safelight.protocols.postgres.wishes import NeedCatalog
from tests.protocols.postgres.conversation_playbook import (
    BOUND,
    DETECT,
    FAILED,
    FLUSH,
    IDS,
    NO_DATA,
    PARSED,
    READY,
    SYNC,
    Talk,
    alone,
    bind,
    done,
    errors_in,
    execute,
    failure,
    kinds_in,
    parse,
    reading,
    row,
    statement,
    writing,
)

SELECT, DELETE, SET = b"select id from orders", b"delete from orders", b"set timezone = 'UTC'"
SYNTAX = failure("syntax error", "42601")


def talk_that_knows() -> Talk:
    talk = Talk()
    talk.knows(SELECT, reading(DETECT))
    talk.knows(DELETE, writing("delete", effect=Effect.DENY))
    talk.knows(SET, alone())
    return talk


def test_it_runs_when_everything_before_it_is_answered() -> None:
    talk = talk_that_knows()
    assert talk.client(parse(b"", SELECT), m.query(SELECT)) == parse(b"", SELECT) + FLUSH
    assert kinds_in(talk.server(PARSED)) == b"1"
    assert talk.to_target() == m.query(SELECT)
    assert kinds_in(talk.server(IDS, row(b"1"), done(b"SELECT 1"), READY)) == b"TDCZ"
    assert talk.gate.results() == ["ok"]


def test_it_runs_at_once_when_nothing_is_unanswered() -> None:
    talk = talk_that_knows()
    talk.client(parse(b"", SELECT), FLUSH)
    talk.server(PARSED)
    assert talk.client(m.query(SELECT)) == m.query(SELECT)


def test_the_server_skips_it_when_the_batch_has_failed() -> None:
    talk = talk_that_knows()
    assert talk.client(parse(b"", SELECT), m.query(SELECT)) == parse(b"", SELECT) + FLUSH
    assert kinds_in(talk.server(SYNTAX)) == b"E"
    assert talk.to_target() == b""
    assert talk.client(SYNC) == SYNC
    assert talk.server(READY) == READY
    assert talk.gate.log == []


def test_a_refused_one_is_answered_like_any_query_and_ends_the_batch() -> None:
    talk = talk_that_knows()
    talk.client(parse(b"", SELECT), m.query(DELETE))
    talk.server(PARSED)
    assert talk.to_target() == m.query(UNPARSEABLE)
    told = talk.server(SYNTAX, READY)
    assert kinds_in(told) == b"EZ"
    assert errors_in(told)[0]["M"] == b"safelight: deleting is not allowed"
    assert talk.client(m.query(SELECT)) == m.query(SELECT)


def test_a_held_one_is_refused_once_the_batch_has_run_something() -> None:
    """Whether a transaction is open is not known there."""
    talk = talk_that_knows()
    talk.knows(b"held", statement(effect=Effect.HOLD))
    talk.client(parse(b"", SELECT), bind(b"", b""), execute(b""), m.query(b"held"))
    talk.server(PARSED, BOUND, IDS, row(b"1"), done(b"SELECT 1"))
    assert talk.to_target() == m.query(UNPARSEABLE)
    assert b"a transaction is open already" in errors_in(talk.server(SYNTAX, READY))[0]["M"]


def test_nothing_follows_what_stands_alone_in_its_batch() -> None:
    talk = talk_that_knows()
    talk.client(parse(b"", SET), bind(b"", b""), execute(b""), m.query(SELECT))
    talk.server(PARSED, BOUND, NO_DATA, done(b"SET"))
    assert talk.to_target() == m.query(UNPARSEABLE)
    talk.server(SYNTAX, FAILED)
    assert talk.relay.wish == NeedCatalog()
