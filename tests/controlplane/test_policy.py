"""The policies in force, and why they answer as they do."""

from tests.controlplane.harness import Node

REQUEST = {"ask": "request", "targets": ["orders-db"], "capabilities": ["read"]}


def test_policies_are_listed_with_their_text(node: Node) -> None:
    listed = node.api("GET", "/policy", by="eve")
    assert "administration.admins" in {policy["id"] for policy in listed["policies"]}
    assert len(listed["digest"]) == 64


def test_a_request_is_explained_with_what_would_help(node: Node) -> None:
    explained = node.api("POST", "/policy/explain", by="ana", json=REQUEST)
    assert explained["outcome"] == "1 approval"
    assert any("open incident of orders" in change for change in explained["would_help"])


def test_a_statement_is_explained(node: Node) -> None:
    body = {"ask": "statement", "target": "orders-db", "form": "update", "capabilities": ["write"]}
    explained = node.api("POST", "/policy/explain", by="ana", json=body)
    assert explained["outcome"] == "hold"


def test_administration_is_explained(node: Node) -> None:
    body = {"ask": "administer", "action": "read_audit"}
    explained = node.api("POST", "/policy/explain", by="eve", json=body)
    assert explained["outcome"] == "deny"
    assert any("security" in change for change in explained["would_help"])


def test_one_asks_about_oneself_unless_one_may_list_people(node: Node) -> None:
    body = REQUEST | {"principal": "ana"}
    assert node.refused("POST", "/policy/explain", by="eve", json=body)[1]["rule"] == "policy.explain-others"
    assert node.api("POST", "/policy/explain", by="sam", json=body)["outcome"] == "1 approval"


def test_a_grant_of_somebody_else_is_unknown(node: Node) -> None:
    grant = node.granted("ana", "ben")
    body = {"ask": "statement", "target": "orders-db", "form": "select", "capabilities": ["read"], "grant_id": grant}
    assert node.refused("POST", "/policy/explain", by="eve", json=body)[0] == 404
    assert node.api("POST", "/policy/explain", by="ana", json=body)["outcome"] == "allow"


def test_what_does_not_exist(node: Node) -> None:
    assert node.refused("POST", "/policy/explain", by="ana", json=REQUEST | {"targets": ["none"]})[0] == 404
    assert node.refused("POST", "/policy/explain", by="ana", json=REQUEST | {"incident_id": "none"})[0] == 404
    assert node.refused("POST", "/policy/explain", by="sam", json=REQUEST | {"principal": "none"})[0] == 404
    assert node.refused("POST", "/policy/explain", by="ana", json={"ask": "everything"})[0] == 422
