"""Transitions of requests, grants and incidents: those that exist, and that no other does."""

from dataclasses import replace

import pytest

from safelight.domain import access_rules as rules
from safelight.domain import incident_rules
from safelight.domain.access_request import AccessRequest, RequestState
from safelight.domain.capability import Capability
from safelight.domain.deadline import Instant, deadline_after
from safelight.domain.errors import Denied
from safelight.domain.grant import GrantState
from safelight.domain.incident import Incident, IncidentOrigin, IncidentState

NOW = 1_767_225_600_000
REQUEST = AccessRequest(
    id="r-1",
    requester="ada",
    targets=frozenset({"orders-db"}),
    capabilities=frozenset({Capability.READ}),
    duration_seconds=3600,
    reason="checkout is slow",
    incident_id=None,
    state=RequestState.PENDING,
    approvals_needed=1,
    approvals=(),
    decided_by=None,
    decided_because=None,
    created_at_ms=NOW,
    expires_at_ms=NOW + 1000,
    grant_id=None,
)
GRANT = rules.grant_from(REQUEST, "g-1", NOW)
INCIDENT = Incident(
    "INC-1", "slow", None, IncidentOrigin.WEBHOOK, "pager", "pager", None, IncidentState.OPEN, NOW, None, None
)
OVER = [state for state in RequestState if state is not RequestState.PENDING]


@pytest.mark.parametrize("state", OVER)
def test_a_decided_request_goes_nowhere(state: RequestState) -> None:
    decided = replace(REQUEST, state=state)
    with pytest.raises(Denied):
        rules.pending(decided, NOW)
    with pytest.raises(Denied):
        rules.approved_by(decided, "bob", NOW)
    with pytest.raises(AssertionError):
        rules.closed_as(decided, RequestState.DENIED, "bob", "no")
    with pytest.raises(AssertionError):
        rules.turned_into(replace(decided, approvals_needed=0), "g-1", "bob", "yes")


def test_a_request_needs_all_its_approvals() -> None:
    with pytest.raises(AssertionError):
        rules.turned_into(REQUEST, "g-1", "bob", "yes")
    approved = rules.approved_by(REQUEST, "bob", NOW)
    assert rules.has_enough(approved) and not rules.has_enough(REQUEST)
    with pytest.raises(AssertionError):
        rules.approved_by(approved, "bob", NOW)
    done = rules.turned_into(approved, "g-1", "bob", "yes")
    assert (done.state, done.grant_id) == (RequestState.APPROVED, "g-1")


def test_a_request_for_more_time_keeps_its_grant() -> None:
    extension = replace(REQUEST, grant_id="g-1", approvals_needed=0)
    with pytest.raises(AssertionError):
        rules.turned_into(extension, "g-2", None, "yes")
    assert rules.turned_into(extension, "g-1", None, "yes").grant_id == "g-1"


def test_a_request_does_not_wait_for_ever() -> None:
    rules.pending(REQUEST, NOW + 999)
    with pytest.raises(Denied, match=r"request\.expired"):
        rules.pending(REQUEST, NOW + 1000)


def test_a_grant_is_what_was_asked_for_and_ends_once() -> None:
    assert (GRANT.principal, GRANT.request_id, GRANT.ends_at_ms) == ("ada", "r-1", NOW + 3_600_000)
    over = rules.ended(GRANT, NOW + 5, "enough")
    assert (over.state, over.ends_at_ms, over.ended_at_ms) == (GrantState.ENDED, NOW + 5, NOW + 5)
    with pytest.raises(AssertionError):
        rules.ended(over, NOW + 6, "again")
    with pytest.raises(AssertionError):
        rules.with_end(over, NOW + 10_000)


@pytest.mark.parametrize(
    ("change", "good"),
    [
        ({}, True),
        ({"state": IncidentState.CLOSING}, False),
        ({"state": IncidentState.CLOSED}, False),
        ({"origin": IncidentOrigin.MANUAL}, False),
        ({"origin": IncidentOrigin.MANUAL, "confirmed_by": "bob"}, True),
    ],
)
def test_which_incidents_count(change: dict[str, object], good: bool) -> None:
    incident = replace(INCIDENT, **change)  # type: ignore[arg-type]  # the cases above are well typed
    assert rules.counts(incident) is good
    assert (rules.refusal_of_incident(incident, "INC-1") is None) is good


def test_an_incident_closes_through_its_warning_and_may_open_again_unconfirmed() -> None:
    end = deadline_after(Instant(NOW, 1, "boot-1"), 120_000)
    closing = incident_rules.closing(replace(INCIDENT, confirmed_by="bob"), NOW, end)
    assert (closing.state, closing.grants_end_at_ms) == (IncidentState.CLOSING, NOW + 120_000)
    with pytest.raises(AssertionError):
        incident_rules.closing(closing, NOW, end)
    closed = incident_rules.closed(closing)
    with pytest.raises(AssertionError):
        incident_rules.closed(closed)
    again = incident_rules.reopened(closed, NOW + 9, "slow again", "ana")
    assert (again.state, again.confirmed_by, again.grants_end_at_ms) == (IncidentState.OPEN, None, None)
    with pytest.raises(AssertionError):
        incident_rules.reopened(again, NOW, "x", "y")


@pytest.mark.parametrize("reason", ["", "  \n", "x" * 1001, "bell\a", "\x1b[31mred"])
def test_reasons_that_are_none(reason: str) -> None:
    assert rules.refusal_of_reason(reason) is not None
    assert rules.refusal_of_reason("checkout is slow\nsee INC-1") is None
    assert len(rules.clipped(reason)) <= 1000 and "\x1b" not in rules.clipped(reason)
