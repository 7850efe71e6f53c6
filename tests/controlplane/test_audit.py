"""Reading the audit log over the API."""

import base64

from safelight.domain.audit_event import EventKind
from tests.controlplane.harness import Node


def test_records_come_newest_first_and_in_pages(node: Node) -> None:
    page = node.api("GET", "/audit/records?limit=2", by="sam")
    assert len(page["records"]) == 2
    assert page["records"][0]["index"] > page["records"][1]["index"]
    older = node.api("GET", f"/audit/records?limit=2&before={page['next_before']}", by="sam")
    assert older["records"][0]["index"] < page["records"][1]["index"]


def test_filters(node: Node) -> None:
    found = node.api("GET", "/audit/records?kind=principal.created&actor=root", by="sam")["records"]
    assert {record["kind"] for record in found} == {"principal.created"}


def test_sealed_fields_are_revealed_on_request_and_that_is_recorded(node: Node) -> None:
    node.refused("POST", "/login", json={"name": "typo", "password": "wrong"})
    closed = node.api("GET", "/audit/records?kind=login.refused", by="sam")["records"][0]
    assert closed["sensitive"] is None
    assert not node.audit.of_kind(EventKind.AUDIT_READ)
    opened = node.api("GET", "/audit/records?kind=login.refused&reveal=true", by="sam")["records"][0]
    assert opened["sensitive"] == {"name": "typo"}
    assert node.audit.of_kind(EventKind.AUDIT_READ)[0].actor == "sam"


def test_an_export_comes_with_its_checkpoint_and_leaves_no_file(node: Node) -> None:
    response = node.http("GET", "/api/v1/audit/export", by="sam")
    assert "principal.created" in response.text
    assert base64.b64decode(response.headers["safelight-checkpoint"]).startswith(b"fake\n")
    assert list((node.directory / "exports").iterdir()) == []
    assert node.audit.of_kind(EventKind.AUDIT_EXPORTED)[0].actor == "sam"


def test_a_log_that_cannot_be_written_stops_the_api_and_says_so(node: Node) -> None:
    node.audit.fail("no space left on device")
    status, problem = node.refused("GET", "/audit/export", by="sam")
    assert (status, problem["rule"]) == (503, "audit.unavailable")
    assert node.refused("POST", "/incidents", by="ana", json={"title": "payments fail"})[0] == 503
    assert node.api("GET", "/audit/status", by="sam")["failure"] == "no space left on device"
    ready = node.http("GET", "/readyz")
    assert (ready.status_code, ready.json()["ready"]) == (503, False)
