"""From a request to a credential, and back."""

from tests.controlplane.harness import Node

READ = {"targets": ["orders-db"], "capabilities": ["read"], "reason": "a customer cannot pay"}


def test_a_request_waits_for_a_person_and_becomes_a_grant(node: Node) -> None:
    request = node.api("POST", "/requests", by="ana", json=READ)
    assert (request["state"], request["approvals_needed"]) == ("pending", 1)
    approved = node.api("POST", f"/requests/{request['id']}/approve", by="ben")
    assert approved["state"] == "approved"
    assert approved["approvals"][0]["approver"] == "ben"
    grant = node.api("GET", "/grants", by="ana")["items"][0]
    assert (grant["id"], grant["capabilities"]) == (approved["grant_id"], ["read"])


def test_nobody_approves_their_own(node: Node) -> None:
    request = node.api("POST", "/requests", by="ben", json=READ)
    status, problem = node.refused("POST", f"/requests/{request['id']}/approve", by="ben")
    assert (status, problem["rule"]) == (403, "approval.own")


def test_a_denied_request_says_why(node: Node) -> None:
    request = node.api("POST", "/requests", by="ana", json=READ)
    path = f"/requests/{request['id']}/deny"
    denied = node.api("POST", path, by="ben", json={"because": "use the replica"})
    assert (denied["state"], denied["decided_because"]) == ("denied", "use the replica")
    assert node.refused("POST", path, by="ben", json={"because": "again"})[0] == 409


def test_ones_own_request_is_withdrawn(node: Node) -> None:
    request = node.api("POST", "/requests", by="ana", json=READ)
    assert node.refused("POST", f"/requests/{request['id']}/withdraw", by="ben")[0] == 404
    assert node.api("POST", f"/requests/{request['id']}/withdraw", by="ana")["state"] == "withdrawn"


def test_others_requests_are_seen_by_reviewers_only(node: Node) -> None:
    request = node.api("POST", "/requests", by="ana", json=READ)
    assert [item["id"] for item in node.api("GET", "/requests", by="ben")["items"]] == [request["id"]]
    assert node.api("GET", "/requests", by="eve")["items"] == []
    assert node.refused("GET", f"/requests/{request['id']}", by="eve")[0] == 404


def test_a_credential_is_for_ones_own_grant_and_shown_once(node: Node) -> None:
    grant = node.granted("ana", "ben")
    issued = node.api("POST", f"/grants/{grant}/credentials", by="ana")
    assert issued["user"] == f"ana.{issued['id']}"
    assert len(issued["secret"]) >= 32
    assert issued["secret"] not in repr(node.audit.events)
    assert node.refused("POST", f"/grants/{grant}/credentials", by="ben")[0] == 404


def test_more_time_is_a_request_of_its_own(node: Node) -> None:
    grant = node.granted("ana", "ben")
    before = node.api("GET", "/grants", by="ana")["items"][0]["ends_at_ms"]
    more = node.api("POST", f"/grants/{grant}/extend", by="ana", json={"seconds": 600, "reason": "still looking"})
    if more["state"] == "pending":
        node.api("POST", f"/requests/{more['id']}/approve", by="ben")
    assert node.api("GET", "/grants", by="ana")["items"][0]["ends_at_ms"] == before + 600_000


def test_giving_back_and_ending(node: Node) -> None:
    own, other = node.granted("ana", "ben"), node.granted("ana", "ben")
    assert node.api("POST", f"/grants/{own}/end", by="ana", json={})["end_reason"] == "given back"
    assert node.refused("POST", f"/grants/{other}/end", by="eve", json={})[0] == 404
    ended = node.api("POST", f"/grants/{other}/end", by="sam", json={"because": "not needed"})
    assert ended["end_reason"] == "not needed"
    assert node.refused("POST", f"/grants/{other}/end", by="sam", json={})[0] == 409


def test_what_a_request_names_must_exist(node: Node) -> None:
    status, problem = node.refused("POST", "/requests", by="ana", json=READ | {"targets": ["nothing-db"]})
    assert (status, problem["rule"]) == (404, "target.unknown")
    status, problem = node.refused("POST", "/requests", by="ana", json=READ | {"incident_id": "INC-0"})
    assert (status, problem["rule"]) == (404, "incident.unknown")


def test_targets_show_what_is_masked_and_neither_address_nor_account(node: Node) -> None:
    target = node.api("GET", "/targets", by="eve")["items"][0]
    assert target["columns"] == [
        {"schema_name": "public", "table": "customers", "column": "email", "label": "email", "strategy": "pseudonym"}
    ]
    assert not target.keys() & {"host", "port", "account_user", "account_secret"}
    assert node.api("GET", "/targets/orders-db", by="eve") == target
    assert node.refused("GET", "/targets/nothing", by="eve")[0] == 404


def test_preflight_and_reload_are_for_administrators(node: Node) -> None:
    finding = node.api("GET", "/targets/orders-db/preflight", by="root")["items"][0]
    assert finding["severity"] == "warning"
    assert node.api("POST", "/config/reload", by="root") == {"problems": []}
    node.reload_problems.append("targets.toml: kind")
    assert node.api("POST", "/config/reload", by="root") == {"problems": ["targets.toml: kind"]}
