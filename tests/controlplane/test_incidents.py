"""Incidents by hand and by signed webhook."""

import json
from typing import Any

import pytest

from safelight.controlplane.incidents.webhook_signature import ReplayWindow, WebhookRefused, sign
from safelight.domain.audit_event import EventKind
from safelight.domain.deadline import Instant
from tests.controlplane.harness import WEBHOOK_SECRET, Node

OPEN = {"action": "open", "id": "INC-42", "title": "payments fail", "service": "Orders API", "opener": "pager"}


def send(
    node: Node, content: Any, *, source: str = "pager", age_seconds: int = 0, secret: str = WEBHOOK_SECRET
) -> Any:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    timestamp = node.clock.wall_ms() // 1000 - age_seconds
    headers = {"Safelight-Timestamp": str(timestamp), "Safelight-Signature": sign(secret, timestamp, body)}
    return node.http("POST", f"/api/v1/incidents/webhooks/{source}", content=body, headers=headers)


def refusals(node: Node) -> list[object]:
    return [event.fields["rule"] for event in node.audit.of_kind(EventKind.WEBHOOK_REFUSED)]


def test_a_signed_webhook_opens_and_closes(node: Node) -> None:
    opened = send(node, OPEN).json()
    assert (opened["state"], opened["service"], opened["origin"]) == ("open", "orders", "webhook")
    closed = send(node, {"action": "close", "id": "INC-42"}).json()
    assert closed["state"] == "closing"
    assert node.api("GET", "/incidents", by="eve")["items"][0]["id"] == "INC-42"


def test_with_an_incident_of_its_service_on_call_needs_nobody(node: Node) -> None:
    send(node, OPEN)
    body = {"targets": ["orders-db"], "capabilities": ["read"], "reason": "INC-42", "incident_id": "INC-42"}
    assert node.api("POST", "/requests", by="ana", json=body)["state"] == "approved"


@pytest.mark.parametrize("change", [{"secret": "wrong" * 8}, {"age_seconds": 301}, {"age_seconds": -301}])
def test_an_unproven_webhook_is_refused_without_saying_why(node: Node, change: dict[str, Any]) -> None:
    response = send(node, OPEN, **change)
    assert response.status_code == 401
    assert response.json()["detail"] == "the message is not signed as it must be"
    assert len(refusals(node)) == 1
    assert node.api("GET", "/incidents", by="eve")["items"] == []


def test_an_unknown_source_looks_like_a_wrong_signature(node: Node) -> None:
    known, unknown = send(node, OPEN, secret="wrong" * 8), send(node, OPEN, source="nobody")
    assert known.json() == unknown.json()


def test_a_message_is_taken_once(node: Node) -> None:
    assert send(node, OPEN).status_code == 200
    assert send(node, OPEN).status_code == 401
    assert refusals(node) == ["webhook.seen-before"]


def test_missing_headers(node: Node) -> None:
    assert node.refused("POST", "/incidents/webhooks/pager", json=OPEN)[0] == 401


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{", {"action": "erase", "id": "INC-1"}, {"action": "open"}, {"action": "open", "id": 7}]
)
def test_a_signed_message_that_says_nothing(node: Node, content: Any) -> None:
    assert send(node, content).status_code == 422
    assert refusals(node) == ["webhook.shape"]


def test_a_flood_of_refused_messages_does_not_fill_the_log(node: Node) -> None:
    statuses = [send(node, OPEN, secret="wrong" * 8).status_code for _ in range(80)]
    assert statuses[-1] == 429
    assert len(refusals(node)) == 60


def test_a_message_that_is_too_large(node: Node) -> None:
    assert send(node, OPEN | {"title": "x" * 70_000}).status_code == 413


def test_a_hand_made_incident_needs_a_second_person(node: Node) -> None:
    incident = node.api("POST", "/incidents", by="ana", json={"title": "payments fail", "service": "orders"})
    path = f"/incidents/{incident['id']}/confirm"
    assert node.refused("POST", path, by="ana")[1]["rule"] == "approval.own"
    assert node.api("POST", path, by="ben")["confirmed_by"] == "ben"
    assert node.api("POST", f"/incidents/{incident['id']}/close", by="ana")["state"] == "closing"


class TestReplayWindow:
    SECRET = "s" * 32

    def accept(self, window: ReplayWindow, timestamp: int, *, wall: int, monotonic: int, body: bytes = b"{}") -> None:
        headers = (str(timestamp), sign(self.SECRET, timestamp, body))
        window.check(self.SECRET, headers, body, Instant(wall * 1000, monotonic * 1000, "boot"))

    def test_the_edges_of_the_time_window(self) -> None:
        window = ReplayWindow()
        self.accept(window, 1000, wall=1300, monotonic=1)
        self.accept(window, 1600, wall=1300, monotonic=2)
        with pytest.raises(WebhookRefused, match="not fresh"):
            self.accept(window, 1601, wall=1300, monotonic=3)

    def test_setting_the_wall_clock_back_replays_nothing(self) -> None:
        window = ReplayWindow()
        self.accept(window, 1000, wall=1000, monotonic=1)
        self.accept(window, 9000, wall=9000, monotonic=2)
        with pytest.raises(WebhookRefused, match="seen before"):
            self.accept(window, 1000, wall=1000, monotonic=3)

    def test_full_means_refused(self) -> None:
        window = ReplayWindow(size=2)
        for body in (b"1", b"2"):
            self.accept(window, 1000, wall=1000, monotonic=1, body=body)
        with pytest.raises(WebhookRefused, match="too many"):
            self.accept(window, 1000, wall=1000, monotonic=1, body=b"3")
        self.accept(window, 1700, wall=1700, monotonic=700, body=b"3")

    @pytest.mark.parametrize("timestamp", ["", "-5", "1e3", "٣", " 1000", "1" * 13])
    def test_a_timestamp_that_is_none(self, timestamp: str) -> None:
        with pytest.raises(WebhookRefused, match="no timestamp"):
            ReplayWindow().check(self.SECRET, (timestamp, ""), b"", Instant(0, 0, "boot"))

    def test_a_signature_of_odd_characters(self) -> None:
        with pytest.raises(WebhookRefused, match="wrong signature"):
            ReplayWindow().check(self.SECRET, ("1000", "v1=é"), b"", Instant(1_000_000, 0, "boot"))
