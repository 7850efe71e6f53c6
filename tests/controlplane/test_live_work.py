"""Sessions, the kill switch, locks, holds, and watching."""

import json

from safelight.controlplane.event_stream import EventQueue, event_stream
from safelight.domain.audit_event import EventKind
from safelight.domain.capability import Capability
from tests.controlplane.harness import Node


def test_sessions_are_ones_own_or_everybodys(node: Node) -> None:
    node.session("eve", node.granted("ana", "ben"))
    assert [s["id"] for s in node.api("GET", "/sessions", by="eve")["items"]] == ["s-1"]
    assert [s["id"] for s in node.api("GET", "/sessions", by="sam")["items"]] == ["s-1"]
    node.api("PUT", "/principals/ana/groups", by="root", json={"groups": []})
    assert node.api("GET", "/sessions", by="ana")["items"] == []


def test_a_dry_run_says_what_would_end_and_ends_nothing(node: Node) -> None:
    node.session("ana", node.granted("ana", "ben"))
    body = {"scope": "principal", "subject": "ana", "reason": "drill", "dry_run": True}
    report = node.api("POST", "/kills", by="sam", json=body)
    assert report["lock"] is None
    assert [s["id"] for s in report["matching"]] == ["s-1"]
    assert node.live.sessions()


def test_a_kill_says_what_ended_and_what_did_not(node: Node) -> None:
    grant = node.granted("ana", "ben")
    node.session("ana", grant, "s-1")
    node.session("ana", grant, "s-2")
    node.live.stubborn.add("s-2")
    report = node.api("POST", "/kills", by="sam", json={"scope": "grant", "subject": grant, "reason": "leak"})
    assert [e["session_id"] for e in report["ended"]] == ["s-1"]
    assert [e["session_id"] for e in report["remaining"]] == ["s-2"]
    assert report["grants_ended"] == [grant]
    assert report["recorded"] is True


def test_a_lock_is_listed_and_lifted(node: Node) -> None:
    body = {"scope": "target", "subject": "orders-db", "reason": "maintenance"}
    lock = node.api("POST", "/kills", by="sam", json=body)["lock"]
    assert [item["id"] for item in node.api("GET", "/locks", by="sam")["items"]] == [lock["id"]]
    assert node.refused("POST", f"/locks/{lock['id']}/lift", by="ana")[0] == 403
    assert node.api("POST", f"/locks/{lock['id']}/lift", by="sam")["lifted_by"] == "sam"
    assert node.api("GET", "/locks", by="sam")["items"] == []
    assert len(node.api("GET", "/locks?lifted=true", by="sam")["items"]) == 1


def test_a_subject_that_does_not_exist_is_not_locked(node: Node) -> None:
    body = {"scope": "target", "subject": "order-db", "reason": "typing error"}
    assert node.refused("POST", "/kills", by="sam", json=body)[0] == 404


def held(node: Node) -> str:
    session = node.session("ana", node.granted("ana", "ben"))

    async def hold() -> str:
        statement = node.services.holds.hold(
            session,
            b"UPDATE orders SET state = 'sent' WHERE id = 7",
            (),
            meaning=b"",
            capabilities=frozenset({Capability.WRITE}),
            policies=("statements.write",),
            masked_text="UPDATE orders SET state = 'sent' WHERE id = 7",
            rows=1,
        )
        return statement.hold.id

    return node.run(hold())


def test_a_held_statement_is_approved_by_somebody_else(node: Node) -> None:
    hold = held(node)
    listed = node.api("GET", "/holds", by="ben")["items"][0]
    assert (listed["id"], listed["rows"], listed["capabilities"]) == (hold, 1, ["write"])
    assert node.refused("POST", f"/holds/{hold}/approve", by="ana")[1]["rule"] == "approval.own"
    assert node.refused("POST", f"/holds/{hold}/approve", by="eve")[0] == 403
    node.api("POST", f"/holds/{hold}/approve", by="ben")
    assert node.refused("POST", f"/holds/{hold}/approve", by="ben")[0] == 404


def test_a_held_statement_is_denied_with_a_reason(node: Node) -> None:
    hold = held(node)
    node.api("POST", f"/holds/{hold}/deny", by="ben", json={"because": "wrong order"})
    assert node.api("GET", "/holds", by="ben")["items"] == []


def test_watching_is_recorded_first_and_needs_a_live_session(node: Node) -> None:
    assert node.refused("GET", "/sessions/s-9/events", by="sam")[0] == 404
    assert node.refused("GET", "/sessions/s-9/events", by="ana")[0] == 403
    assert not node.audit.of_kind(EventKind.SESSION_WATCHED)


class TestEventStream:
    def lines(self, node: Node, queue: EventQueue, *, permitted: bool = True, live: bool = False) -> list[object]:
        stopped: list[bool] = []

        async def read() -> list[bytes]:
            stream = event_stream(
                queue,
                permitted=lambda: permitted,
                live=lambda: live,
                stop=lambda: stopped.append(True),
                heartbeat_seconds=0.01,
            )
            return [chunk async for chunk in stream]

        chunks = node.run(read())
        assert stopped == [True]
        return [json.loads(chunk[6:]) for chunk in chunks if chunk.startswith(b"data: ")]

    def test_what_is_queued_is_told_before_the_end(self, empty_node: Node) -> None:
        queue = EventQueue()
        queue.put({"event": "statement", "text": "SELECT 1"})
        assert self.lines(empty_node, queue) == [{"event": "statement", "text": "SELECT 1"}, {"event": "end"}]

    def test_it_ends_when_watching_is_no_longer_permitted(self, empty_node: Node) -> None:
        assert self.lines(empty_node, EventQueue(), permitted=False, live=True) == [{"event": "refused"}]

    def test_a_slow_reader_is_told_what_it_lost(self, empty_node: Node) -> None:
        queue = EventQueue(size=1)
        for number in range(4):
            queue.put({"number": number})
        assert self.lines(empty_node, queue) == [{"number": 0}, {"event": "lost", "count": 3}, {"event": "end"}]
