"""The simple protocol: one Query, one decision, one record; and what happens around it."""

import pytest

from safelight.domain.decision import Effect
from safelight.domain.errors import PeerProtocolError
from safelight.protocols.postgres import messages as m
from safelight.protocols.postgres.deny import UNPARSEABLE
from safelight.protocols.postgres.replies import SessionFatal
from safelight.protocols.postgres.wishes import NeedApproval, NeedCatalog, NeedDurable, NeedPlan
from tests.protocols.postgres.conversation_playbook import (
    DETECT,
    EMAIL,
    EMAILS,
    EMPTY,
    IDS,
    IN_BLOCK,
    ORDERS,
    READY,
    TEXT,
    Talk,
    alone,
    done,
    errors_in,
    failure,
    fields,
    kinds_in,
    messages_of,
    plan,
    reading,
    row,
    statement,
    transaction,
    writing,
)

SELECT, UPDATE, DELETE = b"select id from orders", b"update orders set id = 1", b"delete from orders"
FROM_CUSTOMERS = b"select email from customers"


def test_a_known_read_is_recorded_and_leaves_at_once() -> None:
    talk = Talk()
    talk.knows(SELECT, reading(DETECT))
    assert talk.client(m.query(SELECT)) == m.query(SELECT)
    assert talk.gate.log == [("intent", SELECT)]
    reply = IDS + row(b"1") + row(b"2") + done(b"SELECT 2") + READY
    assert talk.server(reply) == reply
    assert talk.gate.log[1:] == [("outcome", 1, "ok", 2, "", {})]
    assert talk.relay.flights.open == {}


@pytest.mark.parametrize("size", [1, 3, 7])
def test_cuts_do_not_matter_on_either_side(size: int) -> None:
    talk = Talk()
    talk.knows(SELECT, reading(DETECT))
    sent, reply = m.query(SELECT), IDS + row(b"1") + done(b"SELECT 1") + READY
    left = b"".join(talk.client(sent[at : at + size]) for at in range(0, len(sent), size))
    told = b"".join(talk.server(reply[at : at + size]) for at in range(0, len(reply), size))
    assert (left, told) == (sent, reply)
    assert talk.gate.results() == ["ok"]


def test_unknown_text_waits_for_its_plan_and_the_messages_behind_it_wait_in_order() -> None:
    talk = Talk()
    talk.knows(SELECT, reading(DETECT))
    assert talk.client(m.query(b"select 1"), m.query(SELECT)) == b""
    assert talk.relay.wish == NeedPlan(b"select 1", False)
    talk.relay.planned(plan(reading(DETECT)), 1)
    assert talk.to_target() == m.query(b"select 1") + m.query(SELECT)


def test_a_refused_statement_is_replaced_and_its_error_is_ours() -> None:
    talk = Talk()
    talk.knows(DELETE, writing("delete", effect=Effect.DENY))
    talk.knows(SELECT, reading(DETECT))
    left = talk.client(m.query(DELETE), m.query(SELECT))
    assert left == m.query(UNPARSEABLE) + m.query(SELECT)
    told = talk.server(failure('syntax error at or near "safelight"', "42601"), READY)
    assert kinds_in(told) == b"EZ"
    assert errors_in(told)[0]["M"] == b"safelight: deleting is not allowed"
    assert errors_in(told)[0]["D"] == b"Rule: policy.no_delete."
    reply = IDS + row(b"1") + done(b"SELECT 1") + READY
    assert talk.server(reply) == reply, "the session goes on"
    assert ("refused", DELETE, "policy.no_delete") in talk.gate.log


def test_all_statements_of_a_message_are_decided_before_any_runs() -> None:
    both = SELECT + b";" + DELETE
    talk = Talk()
    talk.knows(both, reading(DETECT), writing("delete", effect=Effect.DENY))
    assert talk.client(m.query(both)) == m.query(UNPARSEABLE)
    assert talk.gate.log == [("refused", both, "policy.no_delete")]


def test_each_statement_of_a_message_has_its_own_record_and_result() -> None:
    talk = Talk()
    talk.knows(b"a;b", reading(DETECT), reading(EMAIL))
    talk.client(m.query(b"a;b"))
    told = talk.server(IDS, row(b"1"), done(b"SELECT 1"), EMAILS, row(b"ann@example.com"), done(b"SELECT 1"), READY)
    assert b"ann@example.com" not in told
    assert kinds_in(told) == b"TDCTDCZ"
    assert [entry[3:] for entry in talk.gate.log if entry[0] == "outcome"] == [(1, "", {}), (1, "", {"email": 1})]


def test_an_error_ends_the_message_and_the_rest_of_it_never_ran() -> None:
    talk = Talk()
    talk.knows(b"a;b;c", reading(DETECT), reading(DETECT), reading(DETECT))
    talk.client(m.query(b"a;b;c"))
    talk.server(IDS, row(b"1"), done(b"SELECT 1"), failure("division by zero"), READY)
    assert talk.gate.results() == ["ok", "error", "discarded"]
    assert talk.relay.flights.open == {}


def test_an_empty_query_is_answered() -> None:
    talk = Talk()
    talk.knows(b" ")
    assert talk.client(m.query(b" ")) == m.query(b" ")
    assert talk.server(EMPTY, READY) == EMPTY + READY


def test_errors_pass_the_detectors_and_beside_labels_only_their_sqlstate_passes() -> None:
    talk = Talk()
    talk.knows(SELECT, reading(DETECT))
    talk.knows(FROM_CUSTOMERS, reading(EMAIL))
    talk.client(m.query(SELECT))
    assert errors_in(talk.server(failure("hidden value"), READY))[0]["M"] == b"****** value"
    talk.client(m.query(FROM_CUSTOMERS))
    told = errors_in(talk.server(failure("cannot read ann"), READY))[0]
    assert (told["C"], b"ann" in b"".join(told.values())) == (b"22012", False)


def test_an_error_that_quotes_a_whole_row_loses_its_detail_and_beside_labelled_columns_all_of_it() -> None:
    talk = Talk()
    quoting = m.error("ERROR", "23514", "violates check", detail="Failing row contains (1, ann).")
    talk.knows(UPDATE, writing("update", "public.orders"))
    talk.client(m.query(UPDATE))
    talk.relay.durable(1)
    told = errors_in(talk.server(quoting, READY))[0]
    assert told["M"] == b"violates check"
    assert "D" not in told
    talk.knows(b"update c", writing("update", "public.customers"))
    talk.client(m.query(b"update c"))
    talk.relay.durable(1)
    assert errors_in(talk.server(quoting, READY))[0]["M"] == b"the statement failed with SQLSTATE 23514"


def test_what_a_deferred_check_says_at_commit_is_withheld_after_labelled_reads() -> None:
    talk = Talk()
    talk.knows(b"begin", transaction("begin"))
    talk.knows(FROM_CUSTOMERS, reading(EMAIL))
    talk.knows(b"commit", transaction("commit"))
    talk.client(m.query(b"begin"))
    talk.server(done(b"BEGIN"), IN_BLOCK)
    talk.client(m.query(FROM_CUSTOMERS))
    talk.server(EMAILS, row(b"ann"), done(b"SELECT 1"), IN_BLOCK)
    talk.client(m.query(b"commit"))
    assert b"ann" not in talk.server(failure("key (ann) is missing", "23503"), READY)
    talk.knows(SELECT, reading(DETECT))
    talk.client(m.query(SELECT))
    assert errors_in(talk.server(failure("plain"), READY))[0]["M"] == b"plain"


def test_notices_pass_masked_between_rows_and_not_beside_labelled_reads() -> None:
    talk = Talk()
    talk.knows(SELECT, reading(DETECT))
    talk.knows(FROM_CUSTOMERS, reading(EMAIL))
    talk.client(m.query(SELECT))
    told = talk.server(IDS, row(b"1"), m.notice("hidden"), row(b"2"), done(b"SELECT 2"), READY)
    assert kinds_in(told) == b"TDNDCZ"
    assert b"******" in told
    talk.client(m.query(FROM_CUSTOMERS))
    told = talk.server(EMAILS, m.notice("ann"), row(b"ann"), done(b"SELECT 1"), READY)
    assert kinds_in(told) == b"TDCZ"


def test_parameter_values_are_synthesised_and_notifications_swallowed() -> None:
    talk = Talk()
    told = talk.server(
        m.parameter_status("is_superuser", "on"),
        m.parameter_status("made.up", "ann@example.com"),
        m.message(b"A", b"\0\0\0\1channel\0ann\0"),
    )
    assert told == m.parameter_status("is_superuser", "off")


def test_a_change_waits_until_its_intent_is_durable() -> None:
    talk = Talk()
    talk.knows(UPDATE, writing())
    assert talk.client(m.query(UPDATE)) == b""
    assert talk.relay.wish == NeedDurable(1)
    talk.relay.durable(1)
    assert talk.to_target() == m.query(UPDATE)
    assert talk.server(done(b"UPDATE 3"), READY) == done(b"UPDATE 3") + READY
    assert talk.gate.log[-1][:4] == ("outcome", 1, "ok", 3)


def test_in_a_transaction_block_the_commit_waits_instead() -> None:
    talk = Talk()
    for text, made in ((b"begin", transaction("begin")), (b"commit", transaction("commit")), (UPDATE, writing())):
        talk.knows(text, made)
    assert talk.client(m.query(b"begin")) == m.query(b"begin")
    talk.server(done(b"BEGIN"), IN_BLOCK)
    assert talk.client(m.query(UPDATE)) == m.query(UPDATE)
    talk.server(done(b"UPDATE 1"), IN_BLOCK)
    assert talk.client(m.query(b"commit")) == b""
    assert isinstance(talk.relay.wish, NeedDurable)
    talk.relay.durable(1)
    assert talk.to_target() == m.query(b"commit")


def test_a_change_that_follows_unanswered_messages_does_not_count_as_inside_of_a_block() -> None:
    talk = Talk()
    for text, made in ((b"begin", transaction("begin")), (b"rollback", transaction("rollback")), (UPDATE, writing())):
        talk.knows(text, made)
    talk.client(m.query(b"begin"))
    talk.server(done(b"BEGIN"), IN_BLOCK)
    assert talk.client(m.query(b"rollback"), m.query(UPDATE)) == m.query(b"rollback")
    assert isinstance(talk.relay.wish, NeedDurable)


def test_a_decision_that_changed_while_waiting_for_the_fsync_is_followed() -> None:
    talk = Talk()
    talk.knows(UPDATE, writing())
    talk.client(m.query(UPDATE))
    talk.gate.epoch = 2
    talk.relay.durable(1)
    assert talk.relay.wish == NeedPlan(UPDATE, False), "the plan is of another epoch"
    talk.relay.planned(plan(writing(effect=Effect.DENY), epoch=2), 1)
    assert talk.to_target() == m.query(UNPARSEABLE)
    assert talk.gate.results() == ["discarded"]


def test_a_held_statement_leaves_once_it_is_approved() -> None:
    talk = Talk()
    held = talk.knows(DELETE, writing("delete", effect=Effect.HOLD))
    assert talk.client(m.query(DELETE)) == b""
    assert talk.relay.wish == NeedApproval(held, DELETE, (), False)
    talk.relay.approved(plan(writing("delete")), 1)
    assert isinstance(talk.relay.wish, NeedDurable)
    talk.relay.durable(1)
    assert talk.to_target() == m.query(DELETE)


def test_an_approval_of_another_epoch_is_not_enough() -> None:
    talk = Talk()
    talk.knows(DELETE, writing("delete", effect=Effect.HOLD))
    talk.client(m.query(DELETE))
    talk.gate.epoch = 2
    talk.relay.approved(plan(writing("delete"), epoch=1), 1)
    assert talk.relay.wish == NeedPlan(DELETE, False)
    assert talk.to_target() == b""


def test_a_held_statement_that_is_denied_is_refused() -> None:
    talk = Talk()
    talk.knows(DELETE, writing("delete", effect=Effect.HOLD))
    talk.client(m.query(DELETE))
    talk.relay.denied(plan(writing("delete", effect=Effect.DENY)), 1)
    assert talk.to_target() == m.query(UNPARSEABLE)


def test_nothing_is_held_inside_of_a_transaction_even_one_that_is_just_being_opened() -> None:
    talk = Talk()
    talk.knows(b"begin", transaction("begin"))
    talk.knows(DELETE, writing("delete", effect=Effect.HOLD))
    assert talk.client(m.query(b"begin"), m.query(DELETE)) == m.query(b"begin")
    assert talk.relay.wish is None
    talk.server(done(b"BEGIN"), IN_BLOCK)
    assert talk.to_target() == m.query(UNPARSEABLE)
    assert talk.gate.log[-1] == ("refused", DELETE, "postgres.hold.transaction")


def test_what_stands_alone_finishes_and_the_catalog_is_loaded_before_anything_follows() -> None:
    talk = Talk()
    talk.knows(b"set x", alone())
    talk.knows(SELECT, reading(DETECT))
    assert talk.client(m.query(b"set x"), m.query(SELECT)) == m.query(b"set x")
    talk.server(done(b"SET"), READY)
    assert (talk.to_target(), talk.relay.wish) == (b"", NeedCatalog())
    talk.relay.reloaded(1)
    assert talk.to_target() == m.query(SELECT)


def test_what_stands_alone_is_refused_among_others() -> None:
    talk = Talk()
    talk.knows(b"set x; select", alone(), reading(DETECT))
    assert talk.client(m.query(b"set x; select")) == m.query(UNPARSEABLE)
    assert talk.gate.log == [("refused", b"set x; select", "postgres.order.alone")]


def test_a_masked_value_is_not_written_back() -> None:
    masked = b"update orders set note = '" + MASKED + b"'"
    talk = Talk()
    talk.knows(masked, writing())
    talk.knows(b"select '" + MASKED + b"'", reading(DETECT))
    assert talk.client(m.query(masked)) == m.query(UNPARSEABLE)
    assert talk.gate.log == [("refused", masked, "postgres.mask.write_back")]
    talk.server(failure("syntax", "42601"), READY)
    assert talk.client(m.query(b"select '" + MASKED + b"'")) != m.query(UNPARSEABLE)


MASKED = b"[mask" + b"ed:EMAIL]"


def test_a_result_of_other_origins_than_planned_ends_the_session() -> None:
    talk = Talk()
    talk.knows(SELECT, reading(DETECT))
    talk.client(m.query(SELECT))
    with pytest.raises(SessionFatal) as problem:
        talk.server(EMAILS, row(b"ann"))
    assert problem.value.refusal.rule == "postgres.mask.drift"
    assert talk.relay.to_client == []


@pytest.mark.parametrize(
    "described",
    [
        fields(("id", ORDERS, 1, TEXT), ("extra", 0, 0, TEXT)),
        fields(("email", 29_999, 1, TEXT)),
        fields(("email", ORDERS, 1, TEXT)),
    ],
)
def test_columns_that_the_plan_does_not_expect_end_the_session(described: bytes) -> None:
    talk = Talk()
    talk.knows(FROM_CUSTOMERS, reading(EMAIL))
    talk.client(m.query(FROM_CUSTOMERS))
    with pytest.raises(SessionFatal):
        talk.server(described)


@pytest.mark.parametrize(
    "unasked",
    [
        row(b"1"),
        done(b"SELECT 1"),
        READY,
        m.message(b"R", b"\0\0\0\0"),
        m.message(b"W", b"\0\0\0"),
        m.message(b"1"),
        m.message(b"d", b"x"),
    ],
)
def test_what_nobody_asked_for_ends_the_session(unasked: bytes) -> None:
    with pytest.raises(PeerProtocolError):
        Talk().server(unasked)


def test_a_row_too_long_to_be_masked_ends_the_session_with_its_own_sqlstate() -> None:
    talk = Talk()
    talk.knows(SELECT, reading(DETECT))
    talk.client(m.query(SELECT))
    talk.server(IDS)
    with pytest.raises(SessionFatal) as problem:
        talk.server(row(b"x" * (2 << 20)))
    assert problem.value.sqlstate == "54000"


def test_a_fatal_error_with_nothing_open_is_told_and_remembered() -> None:
    talk = Talk()
    told = talk.server(failure("terminating connection", "57P01", "FATAL"))
    assert errors_in(told)[0]["S"] == b"FATAL"
    assert talk.replies.server_is_gone


def test_a_syntax_error_is_told_in_the_parsers_words_at_its_position() -> None:
    talk = Talk()
    refused = plan(statement(effect=Effect.DENY))
    talk.client(m.query(b"selec"))
    talk.relay.planned(
        type(refused)((), (), refused.refusal, "42601", 1, 1, False, False),
        1,
    )
    told = errors_in(talk.server(failure("syntax", "42601"), READY))[0]
    assert (told["C"], told["P"]) == (b"42601", b"1")


def test_garbage_of_the_client_ends_the_session() -> None:
    for garbage in (b"\0\0\0\0\4", m.message(b"Q", b"no end"), m.message(b"p", b"password\0"), b"Q\0\0\0\3"):
        with pytest.raises(PeerProtocolError):
            Talk().client(garbage)


def test_terminate_is_seen_behind_what_came_before_it() -> None:
    talk = Talk()
    talk.knows(SELECT, reading(DETECT))
    assert talk.client(m.query(SELECT), m.message(b"X")) == m.query(SELECT)
    assert talk.relay.terminated


def test_a_lost_connection_leaves_an_unknown_end() -> None:
    talk = Talk()
    talk.knows(SELECT, reading(DETECT))
    talk.client(m.query(SELECT))
    talk.relay.flights.lost(9)
    assert talk.gate.results() == ["unknown"]


def test_many_messages_are_taken_in_slices() -> None:
    talk = Talk()
    talk.knows(SELECT, reading(DETECT))
    left = talk.client(*[m.query(SELECT)] * 600)
    assert len(messages_of(left)) == 256
    assert talk.relay.more
    talk.relay.pump(1)
    talk.relay.pump(1)
    assert len(messages_of(talk.to_target())) == 344
    assert not talk.relay.more
