"""Every route denies by default: tried by nobody, and by somebody without rights."""

import re

import pytest

from safelight.controlplane.app import assemble
from safelight.controlplane.metrics import ApiMetrics
from safelight.controlplane.route_access import ROUTES, Gate
from safelight.policy.questions import AdminAction
from tests.controlplane.harness import Node

EVERYBODY = {AdminAction.LIST_TARGETS, AdminAction.LIST_INCIDENTS, AdminAction.READ_POLICY}
"""What the default policies let every person do."""


def served() -> set[tuple[str, str]]:
    """Every method and path that the application serves, hidden ones included."""
    from prometheus_client import CollectorRegistry

    app = assemble(ApiMetrics(CollectorRegistry()))
    paths = app.openapi()["paths"]
    found = {(method.upper(), path) for path, methods in paths.items() for method in methods}
    return found | {("GET", "/api/v1/openapi.json")}


def test_the_table_lists_exactly_the_routes_that_exist() -> None:
    assert served() == set(ROUTES)


def filled(path: str) -> str:
    return re.sub(r"\{[a-z_]+\}", "x-1", path)


@pytest.mark.parametrize(("method", "path"), sorted(ROUTES))
def test_nobody_gets_anything_without_a_login(node: Node, method: str, path: str) -> None:
    response = node.http(method, filled(path))
    gate = ROUTES[method, path]
    if gate in (Gate.PUBLIC, Gate.METRICS):
        assert response.status_code in (200, 422), response.text
    else:
        assert response.status_code == 401
        assert response.json()["rule"] in ("login.needed", "webhook.refused")


@pytest.mark.parametrize(
    ("method", "path"), sorted(key for key, gate in ROUTES.items() if isinstance(gate, AdminAction))
)
def test_somebody_without_rights_is_refused_with_the_next_step(node: Node, method: str, path: str) -> None:
    response = node.http(method, filled(path), by="eve")
    if ROUTES[method, path] in EVERYBODY:
        assert response.status_code != 403
        return
    assert response.status_code == 403, response.text
    assert response.json()["next_step"]


def test_a_token_that_is_none(node: Node) -> None:
    for value in ("Bearer nonsense", "Bearer ", "Basic abc", "nonsense", "Bearer " + "a" * 100_000):
        response = node.http("GET", "/api/v1/whoami", headers={"Authorization": value})
        assert response.status_code == 401
        assert response.headers["www-authenticate"] == "Bearer"


def test_a_disabled_person_is_out_at_once(node: Node) -> None:
    node.api("GET", "/whoami", by="eve")
    node.api("POST", "/principals/eve/disable", by="root")
    assert node.refused("GET", "/whoami", by="eve")[0] == 401


def test_a_locked_person_administers_nothing(node: Node) -> None:
    body = {"scope": "principal", "subject": "sam", "reason": "stolen laptop"}
    node.api("POST", "/kills", by="root", json=body)
    for path in ("/audit/records", "/principals", "/sessions/s-1/events"):
        assert node.refused("GET", path, by="sam")[1]["rule"] == "lock.in_force"


def test_a_lock_on_everything_does_not_blind_security(node: Node) -> None:
    node.api("POST", "/kills", by="sam", json={"scope": "all", "reason": "breach"})
    assert node.api("GET", "/audit/records", by="sam")["records"]


def test_an_unknown_path_is_a_problem_too(node: Node) -> None:
    assert node.refused("GET", "/nothing", by="root")[1]["rule"] == "http.unknown-path"
    assert node.refused("DELETE", "/targets", by="root")[1]["rule"] == "http.method"


def test_forwarding_headers_are_not_believed(node: Node) -> None:
    body = {"name": "ana", "password": "wrong"}
    node.refused("POST", "/login", json=body, headers={"X-Forwarded-For": "203.0.113.9"})
    assert all(event.fields.get("address") != "203.0.113.9" for event in node.audit.events)


def test_metrics_can_be_closed(node: Node) -> None:
    node.with_parts(public_metrics=False)
    assert node.http("GET", "/metrics").status_code == 401
    assert node.http("GET", "/metrics", by="eve").status_code == 403
    assert node.http("GET", "/metrics", by="sam").status_code == 200
