"""The extended protocol: pipelines, refusals anywhere in them, and names that always mean what the server means."""

from dataclasses import replace

import pytest

from safelight.domain.decision import Effect
from safelight.domain.errors import PeerProtocolError
from safelight.protocols.postgres import messages as m
from safelight.protocols.postgres.deny import UNPARSEABLE
from safelight.protocols.postgres.extended import REFUSED_NAME
from safelight.protocols.postgres.registry import Prepared
from safelight.protocols.postgres.replies import SessionFatal
from safelight.protocols.postgres.wishes import NeedApproval, NeedCatalog, NeedDurable, NeedPlan
from tests.protocols.postgres.conversation_playbook import (
    ANALYSIS,
    BOUND,
    CLOSED,
    DETECT,
    EMAIL,
    EMAILS,
    EMPTY,
    FAILED,
    FLUSH,
    IDS,
    IN_BLOCK,
    NO_DATA,
    PARSED,
    READY,
    SUSPENDED,
    SYNC,
    Talk,
    alone,
    bind,
    close,
    describe,
    done,
    errors_in,
    execute,
    failure,
    kinds_in,
    messages_of,
    parse,
    plan,
    reading,
    row,
    statement,
    transaction,
    writing,
)

SELECT, UPDATE, DELETE = b"select id from orders", b"update orders set id = $1", b"delete from orders"
SYNTAX = failure("syntax error", "42601")
PARAMETERS = m.message(b"t", b"\0\1\0\0\0\x17")


def talk_that_knows(**more: Effect) -> Talk:
    talk = Talk()
    talk.knows(SELECT, reading(DETECT))
    talk.knows(b"emails", reading(EMAIL))
    talk.knows(UPDATE, writing())
    talk.knows(DELETE, writing("delete", effect=more.get("delete", Effect.DENY)))
    return talk


def whole(text: bytes, *values: bytes) -> bytes:
    """What libpq sends for a query with parameters."""
    return parse(b"", text) + bind(b"", b"", *values) + describe(b"P", b"") + execute(b"")


# --- the way through ----------------------------------------------------------------------------------------------


def test_a_query_with_parameters_passes_unchanged_and_records_their_values() -> None:
    talk = talk_that_knows()
    sent = whole(SELECT, b"5") + SYNC
    assert talk.client(sent) == sent
    reply = PARSED + BOUND + IDS + row(b"1") + done(b"SELECT 1") + READY
    assert talk.server(reply) == reply
    assert talk.gate.log == [("intent", SELECT, b"5"), ("outcome", 1, "ok", 1, "", {})]


@pytest.mark.parametrize("size", [1, 2, 11])
def test_cuts_do_not_matter(size: int) -> None:
    talk = talk_that_knows()
    sent = whole(b"emails") + SYNC
    reply = PARSED + BOUND + EMAILS + row(b"ann@example.com") + done(b"SELECT 1") + READY
    left = b"".join(talk.client(sent[at : at + size]) for at in range(0, len(sent), size))
    told = b"".join(talk.server(reply[at : at + size]) for at in range(0, len(reply), size))
    assert left == sent
    assert (kinds_in(told), b"ann@" in told) == (b"12TDCZ", False)


def test_an_execute_without_a_description_is_described_by_the_gateway_itself() -> None:
    talk = talk_that_knows()
    left = talk.client(parse(b"", b"emails"), bind(b"p", b""), execute(b"p"), SYNC)
    assert left == parse(b"", b"emails") + bind(b"p", b"") + describe(b"P", b"p") + execute(b"p") + SYNC
    told = talk.server(PARSED, BOUND, EMAILS, row(b"ann"), done(b"SELECT 1"), READY)
    assert (kinds_in(told), b"ann" in told) == (b"12DCZ", False)


def test_a_description_that_something_else_follows_does_not_count() -> None:
    talk = talk_that_knows()
    left = talk.client(parse(b"", SELECT), bind(b"", b""), describe(b"P", b""), close(b"S", b"x"), execute(b""), SYNC)
    assert kinds_in(left) == b"PBDCDES"
    told = talk.server(PARSED, BOUND, IDS, CLOSED, IDS, row(b"1"), done(b"SELECT 1"), READY)
    assert kinds_in(told) == b"12T3DCZ"


def test_a_statement_without_rows() -> None:
    talk = talk_that_knows()
    assert talk.client(whole(UPDATE, b"1"), SYNC) == whole(UPDATE, b"1")[: -len(execute(b""))]
    assert isinstance(talk.relay.wish, NeedDurable)
    talk.relay.durable(1)
    assert talk.to_target() == execute(b"") + SYNC
    reply = PARSED + BOUND + NO_DATA + done(b"UPDATE 4") + READY
    assert talk.server(reply) == reply
    assert talk.gate.log[-1] == ("outcome", 1, "ok", 4, "", {})


def test_a_prepared_statement_is_described_and_run_again_and_again() -> None:
    talk = talk_that_knows()
    talk.client(parse(b"s", SELECT), describe(b"S", b"s"), SYNC)
    reply = PARSED + PARAMETERS + IDS + READY
    assert talk.server(reply) == reply
    for _ in range(3):
        talk.client(bind(b"", b"s"), execute(b""), SYNC)
        assert kinds_in(talk.server(BOUND, IDS, row(b"1"), done(b"SELECT 1"), READY)) == b"2DCZ"
    assert talk.gate.results() == ["ok"] * 3


def test_a_suspended_portal_goes_on_and_each_part_is_recorded() -> None:
    talk = talk_that_knows()
    talk.client(parse(b"", b"emails"), bind(b"p", b""), execute(b"p", 1), FLUSH)
    assert kinds_in(talk.server(PARSED, BOUND, EMAILS, row(b"ann"), SUSPENDED)) == b"12Ds"
    talk.client(execute(b"p", 1), close(b"P", b"p"), SYNC)
    told = talk.server(EMAILS, row(b"bob"), done(b"SELECT 1"), CLOSED, READY)
    assert (kinds_in(told), b"bob" in told) == (b"DC3Z", False)
    assert [entry[3] for entry in talk.gate.log if entry[0] == "outcome"] == [1, 1]


def test_an_empty_statement_is_answered() -> None:
    talk = Talk()
    talk.knows(b"")
    talk.client(whole(b""), SYNC)
    reply = PARSED + BOUND + NO_DATA + EMPTY + READY
    assert talk.server(reply) == reply


def test_unknown_text_waits_at_parse_with_everything_behind_it() -> None:
    talk = talk_that_knows()
    assert talk.client(whole(b"select 1"), SYNC) == b""
    assert talk.relay.wish == NeedPlan(b"select 1", True)
    talk.relay.planned(plan(reading(DETECT)), 1)
    assert talk.to_target() == whole(b"select 1") + SYNC


# --- refusals -----------------------------------------------------------------------------------------------------


def test_a_refused_parse_takes_its_batch_with_it_and_nothing_else() -> None:
    talk = talk_that_knows()
    left = talk.client(whole(DELETE), SYNC, whole(SELECT), SYNC)
    assert left == parse(b"", UNPARSEABLE) + SYNC + whole(SELECT) + SYNC
    told = talk.server(SYNTAX, READY, PARSED, BOUND, IDS, row(b"1"), done(b"SELECT 1"), READY)
    assert kinds_in(told) == b"EZ12TDCZ"
    assert errors_in(told)[0]["M"] == b"safelight: deleting is not allowed"


def test_what_came_before_a_refusal_in_its_batch_is_rolled_back_by_the_server_itself() -> None:
    talk = talk_that_knows()
    talk.client(whole(SELECT), parse(b"s", DELETE), SYNC)
    told = talk.server(PARSED, BOUND, IDS, row(b"1"), done(b"SELECT 1"), SYNTAX, READY)
    assert kinds_in(told) == b"12TDCEZ"


def test_a_refused_parse_leaves_no_stale_unnamed_statement_to_run() -> None:
    talk = talk_that_knows()
    talk.client(parse(b"", SELECT), SYNC)
    talk.server(PARSED, READY)
    left = talk.client(parse(b"", DELETE), bind(b"", b""), execute(b""), SYNC)
    assert left == parse(b"", UNPARSEABLE) + SYNC, "under the unnamed statement's own name, which the server drops"
    assert kinds_in(talk.server(SYNTAX, READY)) == b"EZ"


def test_rights_that_ended_since_parse_refuse_the_execute_and_keep_the_prepared_statement() -> None:
    talk = talk_that_knows()
    talk.client(parse(b"s", SELECT), SYNC)
    talk.server(PARSED, READY)
    talk.gate.epoch = 2
    talk.knows(SELECT, reading(DETECT))
    talk.gate.plans[SELECT] = plan(statement(effect=Effect.DENY), epoch=2)
    left = talk.client(bind(b"", b"s"), execute(b""), SYNC)
    assert left == bind(b"", b"s") + parse(REFUSED_NAME, UNPARSEABLE) + SYNC
    assert kinds_in(talk.server(BOUND, SYNTAX, READY)) == b"2EZ"
    assert talk.relay.registry.statement(b"s") is not None


def test_a_portal_is_described_by_what_its_text_means_now() -> None:
    """The table was made again since Parse: the old plan would not know the new one's OID, and end the session."""
    talk = talk_that_knows()
    talk.client(parse(b"s", SELECT), SYNC)
    talk.server(PARSED, READY)
    talk.gate.epoch = 2
    talk.gate.plans.clear()
    left = talk.client(bind(b"", b"s"), describe(b"P", b""), execute(b""), SYNC)
    assert left == bind(b"", b"s")
    assert talk.relay.wish == NeedPlan(SELECT, True)
    talk.gate.plans[SELECT] = renewed = plan(reading(DETECT), epoch=2)
    talk.relay.planned(renewed, 1)
    assert talk.to_target() == describe(b"P", b"") + execute(b"") + SYNC


@pytest.mark.parametrize(
    ("sent", "rule"),
    [
        (bind(b"", b"nobody"), "postgres.name.unknown_statement"),
        (describe(b"S", b"nobody"), "postgres.name.unknown_statement"),
        (describe(b"P", b"cursor"), "postgres.name.unknown_portal"),
        (execute(b"cursor"), "postgres.name.unknown_portal"),
        (m.message(b"F", b"\0\0\0\0"), "postgres.function_call"),
    ],
)
def test_what_has_no_known_meaning_is_refused(sent: bytes, rule: str) -> None:
    talk = talk_that_knows()
    left = talk.client(sent, SYNC)
    assert UNPARSEABLE in left
    assert talk.gate.log == [("refused", b"", rule)]


def test_several_statements_in_one_parse_are_refused() -> None:
    talk = Talk()
    talk.knows(b"a;b", reading(DETECT), reading(DETECT))
    assert UNPARSEABLE in talk.client(whole(b"a;b"), SYNC)
    assert talk.gate.log == [("refused", b"a;b", "postgres.parse.several")]


def test_masked_values_are_not_written_back_as_parameters() -> None:
    talk = talk_that_knows()
    left = talk.client(whole(UPDATE, b"[mask" + b"ed:EMAIL]"), SYNC)
    assert parse(REFUSED_NAME, UNPARSEABLE) in left
    assert talk.gate.log == [("refused", UPDATE, "postgres.mask.write_back")]


# --- errors of the server -----------------------------------------------------------------------------------------


def test_an_error_drops_the_rest_of_its_batch_on_both_sides() -> None:
    talk = talk_that_knows()
    talk.client(whole(SELECT), whole(b"emails"), SYNC, whole(SELECT), SYNC)
    told = talk.server(PARSED, BOUND, IDS, failure("division by zero"), READY)
    assert kinds_in(told) == b"12TEZ"
    assert kinds_in(talk.server(PARSED, BOUND, IDS, row(b"1"), done(b"SELECT 1"), READY)) == b"12TDCZ"
    assert talk.gate.results() == ["error", "discarded", "ok"]
    assert (talk.stream.pending, talk.relay.flights.open) == (0, {})


def test_after_an_error_that_came_early_nothing_more_of_the_batch_leaves() -> None:
    talk = talk_that_knows()
    talk.client(parse(b"", SELECT), FLUSH)
    assert kinds_in(talk.server(failure("no such table", "42P01"))) == b"E"
    assert talk.client(bind(b"", b""), execute(b""), m.query(SELECT), SYNC) == SYNC
    assert talk.server(READY) == READY
    assert talk.gate.log == []


def test_an_error_at_sync_belongs_to_the_sync() -> None:
    talk = talk_that_knows()
    talk.client(whole(SELECT), SYNC)
    told = talk.server(PARSED, BOUND, IDS, done(b"SELECT 0"), failure("deferred check", "23503"), READY)
    assert kinds_in(told) == b"12TCEZ"
    assert talk.client(whole(SELECT), SYNC) == whole(SELECT) + SYNC


def test_a_parse_that_failed_made_no_name() -> None:
    talk = talk_that_knows()
    talk.client(parse(b"s", SELECT), SYNC)
    talk.server(failure("no such table", "42P01"), READY)
    assert UNPARSEABLE in talk.client(bind(b"", b"s"), SYNC)


def test_a_name_that_an_unanswered_batch_makes_is_waited_for() -> None:
    """Otherwise a Parse that fails because the name is taken would let its text stand for what the name means."""
    talk = talk_that_knows(delete=Effect.HOLD)
    talk.client(parse(b"s", DELETE), SYNC)
    talk.server(PARSED, READY)
    left = talk.client(parse(b"s", SELECT), SYNC, bind(b"", b"s"), execute(b""), SYNC)
    assert left == parse(b"s", SELECT) + SYNC
    told = talk.server(failure('prepared statement "s" already exists', "42P05"), READY)
    assert kinds_in(told) == b"EZ"
    assert talk.to_target() == bind(b"", b"s")
    assert isinstance(talk.relay.wish, NeedApproval), "it still means the DELETE, which must be approved"
    assert talk.relay.wish.text == DELETE


def test_an_error_while_something_waits_for_an_approval_withdraws_it() -> None:
    talk = talk_that_knows(delete=Effect.HOLD)
    talk.client(parse(b"", DELETE), bind(b"", b"", b"bad"), execute(b""), SYNC)
    assert isinstance(talk.relay.wish, NeedApproval)
    talk.server(PARSED, failure("invalid input", "22P02"))
    talk.relay.approved(plan(writing("delete")), 1)
    assert talk.to_target() == SYNC
    assert [entry for entry in talk.gate.log if entry[0] == "intent"] == []
    assert talk.server(READY) == READY


def test_an_error_while_something_waits_for_its_fsync_leaves_it_discarded() -> None:
    talk = talk_that_knows()
    talk.client(parse(b"", UPDATE), bind(b"", b"", b"bad"), execute(b""), SYNC)
    assert isinstance(talk.relay.wish, NeedDurable)
    talk.server(PARSED, failure("invalid input", "22P02"))
    talk.relay.durable(1)
    assert talk.to_target() == SYNC
    assert talk.gate.results() == ["discarded"]


def test_several_syncs_in_flight_with_an_error_in_the_first() -> None:
    talk = talk_that_knows()
    sent = b"".join(whole(text) + SYNC for text in (SELECT, b"emails", SELECT))
    assert talk.client(sent) == sent
    told = talk.server(
        failure("no such table", "42P01") + READY,
        PARSED + BOUND + EMAILS + row(b"ann") + done(b"SELECT 1") + READY,
        PARSED + BOUND + IDS + row(b"1") + done(b"SELECT 1") + READY,
    )
    assert kinds_in(told) == b"EZ12TDCZ12TDCZ"
    assert talk.gate.results() == ["discarded", "ok", "ok"]


def test_inside_of_a_failed_transaction_the_servers_own_error_is_told() -> None:
    talk = talk_that_knows()
    talk.client(whole(SELECT), SYNC)
    told = talk.server(PARSED, failure("current transaction is aborted", "25P02"), FAILED)
    assert (errors_in(told)[0]["C"], talk.relay.status) == (b"25P02", ord("E"))


# --- waiting ------------------------------------------------------------------------------------------------------


def test_a_held_execute_shows_its_values_and_leaves_once_approved() -> None:
    talk = talk_that_knows(delete=Effect.HOLD)
    left = talk.client(whole(DELETE, b"7"), SYNC)
    assert kinds_in(left) == b"PBD"
    wish = talk.relay.wish
    assert isinstance(wish, NeedApproval)
    assert (wish.text, wish.parameters, wish.extended) == (DELETE, (b"7",), True)
    talk.relay.approved(plan(writing("delete")), 1)
    talk.relay.durable(1)
    assert kinds_in(talk.to_target()) == b"DES", "described again: the description was for another plan"
    assert kinds_in(talk.server(PARSED, BOUND, NO_DATA, NO_DATA, done(b"DELETE 1"), READY)) == b"12nCZ"


def test_nothing_is_held_behind_something_that_already_ran_in_the_batch() -> None:
    talk = talk_that_knows(delete=Effect.HOLD)
    talk.client(whole(SELECT), FLUSH)
    talk.server(PARSED, BOUND, IDS, done(b"SELECT 0"))
    left = talk.client(whole(DELETE), SYNC)
    assert parse(REFUSED_NAME, UNPARSEABLE) in left
    assert talk.gate.log[-1] == ("refused", DELETE, "postgres.hold.transaction")


def test_a_held_execute_waits_until_it_is_known_whether_a_transaction_is_open() -> None:
    talk = talk_that_knows(delete=Effect.HOLD)
    talk.knows(b"begin", transaction("begin"))
    left = talk.client(whole(b"begin"), SYNC, whole(DELETE), SYNC)
    assert kinds_in(left) == b"PBDESPBD"
    talk.server(PARSED, BOUND, NO_DATA, done(b"BEGIN"), IN_BLOCK)
    assert parse(REFUSED_NAME, UNPARSEABLE) in talk.to_target()


def test_within_one_batch_a_change_after_a_commit_is_not_taken_for_one_inside_of_the_block() -> None:
    talk = talk_that_knows()
    talk.knows(b"begin", transaction("begin"))
    talk.knows(b"rollback", transaction("rollback"))
    talk.client(whole(b"begin"), SYNC)
    talk.server(PARSED, BOUND, NO_DATA, done(b"BEGIN"), IN_BLOCK)
    talk.client(whole(b"rollback"), FLUSH)
    talk.server(PARSED, BOUND, NO_DATA, done(b"ROLLBACK"))
    talk.client(whole(UPDATE, b"1"), SYNC)
    assert isinstance(talk.relay.wish, NeedDurable)


def test_nothing_follows_what_stands_alone_in_its_batch_or_before_its_catalog() -> None:
    talk = talk_that_knows()
    talk.knows(b"set x", alone())
    left = talk.client(whole(b"set x"), parse(b"", SELECT), SYNC, whole(SELECT), SYNC)
    assert left == whole(b"set x") + parse(REFUSED_NAME, UNPARSEABLE) + SYNC
    assert talk.gate.log[-1] == ("refused", SELECT, "postgres.order.alone")
    talk.server(PARSED, BOUND, NO_DATA, done(b"SET"), SYNTAX, READY)
    assert (talk.to_target(), talk.relay.wish) == (b"", NeedCatalog())
    talk.relay.reloaded(1)
    assert talk.to_target() == whole(SELECT) + SYNC


# --- names --------------------------------------------------------------------------------------------------------


def test_close_and_deallocate_take_names_away() -> None:
    talk = talk_that_knows()
    talk.client(parse(b"s", SELECT), parse(b"t", SELECT), SYNC)
    talk.server(PARSED, PARSED, READY)
    talk.client(close(b"S", b"s"), SYNC)
    talk.server(CLOSED, READY)
    assert UNPARSEABLE in talk.client(bind(b"", b"s"), SYNC)
    talk.server(SYNTAX, READY)
    talk.knows(b"deallocate all", statement(replace(ANALYSIS, deallocates="*")))
    talk.client(m.query(b"deallocate all"))
    talk.server(done(b"DEALLOCATE ALL"), READY)
    assert UNPARSEABLE in talk.client(bind(b"", b"t"), SYNC)


def test_portals_are_gone_after_the_transaction() -> None:
    talk = talk_that_knows()
    talk.client(parse(b"", SELECT), bind(b"p", b""), SYNC)
    talk.server(PARSED, BOUND, READY)
    assert UNPARSEABLE in talk.client(execute(b"p"), SYNC)


def test_too_many_names_are_refused() -> None:
    talk = talk_that_knows()
    for number in range(10_000):
        talk.relay.registry.prepare(1, b"%d" % number, Prepared(SELECT, plan()))
    assert UNPARSEABLE in talk.client(parse(b"one more", SELECT), SYNC)


def test_a_batch_without_end_waits_for_its_answers_and_holds_little() -> None:
    talk = talk_that_knows()
    once = bind(b"", b"s") + execute(b"")
    talk.client(parse(b"s", SELECT), SYNC)
    talk.server(PARSED, READY)
    left = talk.client(once * 10_000, SYNC)
    while talk.relay.more:
        talk.relay.pump(1)
        left += talk.to_target()
    asked = len(messages_of(left))
    assert asked < 10_000, "the rest waits"
    assert len(talk.relay.named) < 10_000
    answers = BOUND + IDS + done(b"SELECT 0")
    for _ in range(10_000):
        talk.server(answers)
        left += talk.to_target()
    assert talk.server(READY) == READY
    assert kinds_in(left) == b"BDE" * 10_000 + b"S"
    assert (len(talk.relay.named), talk.relay.buffered, talk.stream.pending) == (0, 0, 0)


# --- hostile peers ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "broken",
    [
        m.message(b"P", b"no end"),
        m.message(b"B", b"\0"),
        m.message(b"E", b"\0"),
        m.message(b"D", b"X\0"),
        m.message(b"C", b""),
    ],
)
def test_messages_that_cannot_be_read_end_the_session(broken: bytes) -> None:
    with pytest.raises(PeerProtocolError):
        talk_that_knows().client(broken)


@pytest.mark.parametrize(
    "reply",
    [
        BOUND,
        PARSED + PARSED,
        PARSED + BOUND + row(b"1"),
        PARSED + BOUND + NO_DATA + row(b"1"),
        PARSED + BOUND + IDS + row(b"1", b"2"),
        PARSED + BOUND + IDS + done(b"SELECT 1") + done(b"SELECT 1"),
        PARSED + BOUND + IDS + IDS,
        PARSED + BOUND + IDS + READY,
        PARSED + READY,
    ],
)
def test_replies_that_do_not_fit_the_questions_end_the_session(reply: bytes) -> None:
    talk = talk_that_knows()
    talk.client(whole(SELECT), SYNC)
    with pytest.raises(PeerProtocolError):
        talk.server(reply)


def test_the_gateways_own_description_is_checked_like_the_clients() -> None:
    talk = talk_that_knows()
    talk.client(parse(b"", SELECT), bind(b"", b""), execute(b""), SYNC)
    with pytest.raises(SessionFatal):
        talk.server(PARSED, BOUND, EMAILS, row(b"ann"))
