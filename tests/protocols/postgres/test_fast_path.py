"""The fast path takes exactly the known reads, and nobody can tell by anything that it did."""

import random

import pytest

from safelight.protocols.postgres import messages as m
from safelight.protocols.postgres.handover import take_over
from tests.protocols.postgres import conversation_playbook as book
from tests.protocols.postgres.fast_talk import FastTalk, Server, whole

SELECT = b"SELECT id FROM orders"
BAD = b"SELECT id FROM orders WHERE bad"
NOTICE = b"SELECT id FROM orders WHERE notice"
LABELLED = b"SELECT email FROM customers -- labelled"
DELETE = b"DELETE FROM orders"


def opened(*, fast: bool = True) -> tuple[FastTalk, Server]:
    """A session that has come to rest: its first statement is answered."""
    talk, server = FastTalk(fast=fast), Server()
    for text in (SELECT, BAD, NOTICE):
        talk.knows_read(text, book.DETECT)
    talk.knows_read(LABELLED, book.EMAIL)
    talk.knows(b"BEGIN", book.transaction("begin"))
    talk.knows(b"COMMIT", book.transaction("commit"))
    talk.knows(DELETE, book.writing("delete", effect=book.Effect.DENY))
    said(talk, server, m.query(SELECT))
    return talk, server


def said(talk: FastTalk, server: Server, *pieces: bytes) -> bytes:
    """Each piece is sent and answered; what the client got."""
    return b"".join(talk.server(server.answer(talk.client(piece))) for piece in pieces)


def test_the_first_statement_shows_its_columns_to_the_slow_path_and_the_next_is_taken() -> None:
    talk, server = opened()
    assert talk.fast.statements == 0
    told = said(talk, server, m.query(SELECT))
    assert (
        told == book.fields(("id", book.ORDERS, 1, book.INT4)) + book.row(b"7") + book.done(b"SELECT 1") + book.READY
    )
    assert talk.fast.statements == 1
    intent, outcome = talk.records()
    assert (intent["kind"], outcome["kind"]) == ("statement.intent", "statement.outcome")
    assert outcome["fields"]["intent"] == intent["index"]  # type: ignore[index]
    assert (outcome["fields"]["result"], outcome["fields"]["rows"]) == ("ok", 1)  # type: ignore[index]


def test_nothing_is_forwarded_before_its_intent_is_queued() -> None:
    talk, _ = opened()
    assert talk.client(m.query(SELECT)) == m.query(SELECT)
    assert [record["kind"] for record in talk.records()] == ["statement.intent"]


@pytest.mark.parametrize("describe", [True, False])
def test_a_batch_is_taken_and_its_portal_always_described(describe: bool) -> None:
    talk, server = opened()
    said(talk, server, whole(parse=SELECT, describe=describe))
    before = talk.fast.statements
    forwarded = talk.client(whole(describe=describe))
    assert talk.fast.statements == before + 1
    assert forwarded == whole(describe=True)
    told = talk.server(server.answer(forwarded))
    columns = book.fields(("id", book.ORDERS, 1, book.INT4)) if describe else b""
    assert told == book.BOUND + columns + book.row(b"7") + book.done(b"SELECT 1") + book.READY


def test_a_change_of_what_decisions_rest_on_stops_it_at_once() -> None:
    talk, server = opened()
    said(talk, server, m.query(SELECT))
    talk.epoch.advance()
    said(talk, server, m.query(SELECT), m.query(SELECT))
    assert talk.fast.statements == 1


def test_a_statement_in_flight_is_handed_over_when_another_message_comes() -> None:
    talk, server = opened()
    one = talk.client(m.query(SELECT))
    two = talk.client(m.query(DELETE))
    told = talk.server(server.answer(one + two))
    assert told.count(b"SELECT 1") == 1 and b"42501" in told and told.endswith(book.READY)
    assert DELETE not in server.ran
    assert talk.endings() == ["ok", "ok"]


def test_a_lost_connection_leaves_its_statement_with_an_unknown_end() -> None:
    talk, _ = opened()
    talk.client(m.query(SELECT))
    take_over(talk.relay)
    talk.relay.flights.lost(9)
    assert talk.gate.results()[-1] == "unknown"


def test_labelled_columns_are_not_read_on_it_while_a_transaction_is_open() -> None:
    talk, server = opened()
    said(talk, server, m.query(b"BEGIN"))
    before = talk.fast.statements
    said(talk, server, m.query(LABELLED))
    assert talk.fast.statements == before
    said(talk, server, m.query(SELECT))
    assert talk.fast.statements == before + 1


def test_a_portal_that_it_left_in_a_transaction_can_be_run_again() -> None:
    talk, server = opened()
    said(talk, server, m.query(b"BEGIN"), whole(parse=SELECT), whole(), whole())
    assert talk.fast.statements > 0
    told = said(talk, server, book.execute(b"") + book.SYNC)
    assert told == book.row(b"7") + book.done(b"SELECT 1") + book.IN_BLOCK


PIECES = [
    m.query(SELECT),
    m.query(BAD),
    m.query(NOTICE),
    m.query(LABELLED),
    m.query(DELETE),
    m.query(b"BEGIN"),
    m.query(b"COMMIT"),
    whole(parse=SELECT),
    whole(parse=SELECT, describe=False, values=2),
    whole(parse=BAD),
    whole(parse=NOTICE, describe=False),
    whole(parse=LABELLED, describe=False),
    whole(parse=DELETE),
    whole(parse=SELECT, name=b"kept"),
    whole(name=b"kept"),
    whole(name=b"kept", describe=False, values=1),
    whole(),
    whole(describe=False),
    book.parse(b"", SELECT) + book.SYNC,
    book.execute(b"") + book.SYNC,
    book.close(b"S", b"kept") + book.SYNC,
    book.SYNC,
]


@pytest.mark.parametrize("seed", range(200))
def test_a_session_reads_the_same_with_and_without_it(seed: int) -> None:
    """Any conversation, pipelined and cut at random: the same bytes to both peers, the same endings on the log."""
    randomly = random.Random(seed)
    pieces = randomly.choices(PIECES, k=40)
    depths = [randomly.choice((1, 1, 1, 2, 3)) for _ in pieces]
    cuts = randomly.getrandbits(32)
    fast, slow = play(pieces, depths, cuts, fast=True), play(pieces, depths, cuts, fast=False)
    assert fast[1:] == slow[1:]
    assert slow[0] == 0


def test_most_of_such_sessions_use_it() -> None:
    taken = [play(random.Random(seed).choices(PIECES, k=40), [1] * 40, seed, fast=True)[0] for seed in range(20)]
    assert min(taken) > 0 and sum(taken) > 20 * 6


def play(
    pieces: list[bytes], depths: list[int], cuts: int, *, fast: bool
) -> tuple[int, bytes, bytes, list[bytes], list[str]]:
    """How many were taken, and what came of it: bytes to the target, bytes to the client, what ran, endings."""
    talk, server = opened(fast=fast)
    randomly = random.Random(cuts)
    forwarded, told, waiting = b"", b"", b""
    for piece, depth in zip(pieces, depths, strict=True):
        left = talk.client(piece)
        forwarded += left
        waiting += left
        if depth > 1:
            continue  # the next is sent before this one is answered
        told += _answered(talk, server, waiting, randomly)
        waiting = talk.to_target()
        forwarded += waiting
        if waiting:
            told += _answered(talk, server, waiting, randomly)
            waiting = b""
    told += _answered(talk, server, waiting, randomly)
    return talk.fast.statements, forwarded, told, server.ran, talk.endings()


def _answered(talk: FastTalk, server: Server, asked: bytes, randomly: random.Random) -> bytes:
    """The server's answers, in pieces."""
    answers, told = server.answer(asked), b""
    while answers:
        size = randomly.randint(1, len(answers)) if randomly.random() < 0.3 else len(answers)
        told += talk.server(answers[:size])
        answers = answers[size:]
    return told
