"""Health, readiness, metrics, the description, and errors of every sort."""

import json
import secrets
from pathlib import Path

import pytest

from safelight.controlplane import openapi
from tests.controlplane.harness import Node


def test_health_and_readiness(node: Node) -> None:
    assert node.http("GET", "/healthz").json() == {"status": "ok"}
    assert node.http("GET", "/readyz").json() == {"ready": True, "problems": []}
    node.not_ready.append("the PostgreSQL listener is not up")
    response = node.http("GET", "/readyz")
    assert response.status_code == 503
    assert response.json()["problems"] == ["the PostgreSQL listener is not up"]


def test_metrics_count_and_name_nobody(node: Node) -> None:
    node.session("ana", node.granted("ana", "ben"))
    text = node.http("GET", "/metrics").text
    assert "safelight_sessions_live 1.0" in text
    assert 'safelight_api_requests_total{method="POST",route="/api/v1/requests",status="2xx"} 1.0' in text
    assert "safelight_audit_writable 1.0" in text
    assert not any(name in text for name in ("ana", "orders-db", "r-"))


def test_the_checked_in_description_is_current() -> None:
    checked_in = Path(openapi.__file__).with_name("openapi.json").read_text()
    assert checked_in == openapi.document(), "run: python -m safelight.controlplane.openapi > …/openapi.json"


def test_the_description_is_served(node: Node) -> None:
    content = node.http("GET", "/api/v1/openapi.json").json()
    assert content["info"]["title"] == "safelight"
    assert "/api/v1/kills" in content["paths"]


def test_clients_learn_where_to_connect_after_login(node: Node) -> None:
    gateway = node.api("GET", "/gateway", by="eve")
    assert gateway["listeners"] == [{"protocol": "postgres", "host": "127.0.0.1", "port": 5433, "tls": "require"}]
    assert gateway["ca_pem"] == "CA PEM"


def test_answers_are_not_stored_by_anybody(node: Node) -> None:
    response = node.http("GET", "/api/v1/whoami", by="ana")
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["x-content-type-options"] == "nosniff"


def test_invalid_input_is_named_and_not_repeated(node: Node) -> None:
    typed = "hunter" + secrets.token_hex(4)
    body = {"targets": ["orders-db"], "reason": "x", "duration_seconds": typed, "pasword": typed}
    status, problem = node.refused("POST", "/requests", by="ana", json=body)
    assert status == 422
    assert any("duration_seconds" in error for error in problem["errors"])
    assert any("pasword" in error for error in problem["errors"])
    assert typed not in json.dumps(problem)


@pytest.mark.parametrize("body", [b"{", b"\xff", b"[" * 100_000])
def test_a_body_that_is_no_json(node: Node, body: bytes) -> None:
    response = node.http("POST", "/api/v1/login", content=body, headers={"content-type": "application/json"})
    assert response.status_code in (400, 422)
    assert response.json()["rule"].startswith("http.")


def test_a_body_that_is_too_large(node: Node) -> None:
    node.with_parts(max_body_bytes=1000)
    status, problem = node.refused("POST", "/login", content=b"x" * 1001)
    assert (status, problem["rule"]) == (413, "http.body-size")


def test_our_own_failure_shows_a_reference_and_nothing_else(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(type(node.services.requests), "list", broken)
    status, problem = node.refused("GET", "/requests", by="ana")
    assert (status, problem["rule"]) == (500, "internal.error")
    assert "the reference is" in problem["detail"]
    assert "secret detail" not in json.dumps(problem)
