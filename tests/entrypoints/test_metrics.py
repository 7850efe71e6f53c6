"""A real node's /metrics after real work, and the dashboard that is drawn from it."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from prometheus_client.parser import text_string_to_metric_families

from safelight.entrypoints.metrics import family
from tests.rig.gateway import Gateway, Target
from tests.rig.servers import Server

DASHBOARD = Path(__file__).resolve().parents[2] / "deploy" / "grafana" / "safelight.json"
NAME = re.compile(r"\b(?:safelight|process)_[a-z_]+")
Figures = dict[tuple[str, frozenset[tuple[str, str]]], float]


@pytest.fixture(scope="module")
def gateway(postgres15: Server) -> Iterator[Gateway]:
    with Gateway([Target("orders-db", postgres15, ("postgres",))]) as running:
        yield running


def figures(gateway: Gateway) -> Figures:
    answer = httpx.get(f"{gateway.url}/metrics")
    answer.raise_for_status()
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for metric in text_string_to_metric_families(answer.text)
        for sample in metric.samples
    }


def of(found: Figures, name: str, **labels: str) -> float:
    return found.get((name, frozenset(labels.items())), 0.0)


@pytest.fixture(scope="module")
def before_and_during(gateway: Gateway) -> tuple[Figures, Figures]:
    """Before anybody came, and while a session lives that had one read answered and one change refused."""
    before = figures(gateway)
    login = gateway.session("orders-db")
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(login.dsn(password="wrong"))
    with psycopg.connect(login.dsn(), autocommit=True) as connection:
        connection.execute("SELECT 1")
        with pytest.raises(psycopg.Error):
            connection.execute("CREATE TABLE never (id int)")
        return before, figures(gateway)


def test_a_sessions_work_is_counted(before_and_during: tuple[Figures, Figures]) -> None:
    before, during = before_and_during
    assert of(before, "safelight_sessions_total") == 0
    assert of(during, "safelight_sessions_total") == of(during, "safelight_sessions_live") == 1
    assert of(during, "safelight_statements_total") >= 1
    assert of(during, "safelight_policy_decisions_total", effect="allow", family="") >= 1
    assert sum(n for (name, labels), n in during.items() if ("effect", "deny") in labels) >= 1
    assert of(during, "safelight_connections_refused_total", family="login") == 1
    assert of(during, "safelight_session_roles_leased") == 1


def test_what_the_node_is_made_of_is_seen(before_and_during: tuple[Figures, Figures]) -> None:
    _, during = before_and_during
    assert of(during, "safelight_parsers_alive") >= 1
    assert of(during, "safelight_store_writable") == 1
    assert of(during, "safelight_loop_lag_seconds_count") >= 1
    assert of(during, "process_resident_memory_bytes") > 10_000_000


def test_nobody_and_nothing_is_named(before_and_during: tuple[Figures, Figures]) -> None:
    _, during = before_and_during
    values = {value for _, labels in during for _, value in labels}
    assert not [value for value in values if "ada" in value or "orders" in value]


def test_an_operators_own_rule_is_not_named() -> None:
    assert family("orders-db.no-writes-by-ada") == "operator"
    assert family("no-writes") == "operator"
    assert family("postgres.parser") == "postgres"
    assert family("") == ""


def test_the_dashboard_asks_only_for_what_a_node_has(before_and_during: tuple[Figures, Figures]) -> None:
    _, during = before_and_during
    dashboard: dict[str, Any] = json.loads(DASHBOARD.read_text())
    expressions = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    expressions += [variable["query"]["query"] for variable in dashboard["templating"]["list"][1:]]
    asked = {name for expression in expressions for name in NAME.findall(expression)}
    assert len(asked) > 20
    assert asked <= {name for name, _ in during}
