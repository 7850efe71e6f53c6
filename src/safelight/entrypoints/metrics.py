"""A node's figures that only the composition root can see together: data plane, pools, queues, process, loop.

They are read when /metrics is asked for, from counts that the parts keep anyway, so that a statement pays nothing.
Labels are closed vocabularies: a rule is counted by its family, because the names of an operator's own policies (and
of people, targets and values) must never stand here; /metrics may be open to anybody who can reach it.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Histogram, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from safelight.entrypoints.node import Node

FAMILIES = frozenset(
    {"agent", "connection", "credential", "grant", "hold", "incident", "lock", "login", "node", "policy"}
    | {"postgres", "principal", "protocol", "session", "statements", "store", "target"}
)
"""The first words of the product's own rules. Any other rule is an operator's."""
LAG_INTERVAL_SECONDS = 0.25
_LAG_BUCKETS_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 2.5)


def register(node: "Node") -> None:
    """Put the node's figures, and the process's memory, CPU and descriptors, into its registry."""
    node.registry.register(PartsCollector(node))
    ProcessCollector(registry=node.registry)


def family(rule: str) -> str:
    """The family of a rule; empty where no rule refused."""
    first = rule.partition(".")[0]
    return first if first in FAMILIES or not rule else "operator"


class LoopLag:
    """How late the loop runs what is due: what every session waits for beside its own work."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._seconds = Histogram(
            "safelight_loop_lag_seconds",
            "How late the event loop woke a sleeper",
            buckets=_LAG_BUCKETS_SECONDS,
            registry=registry,
        )

    async def watch(self) -> None:
        """Measure for ever, four times a second."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + LAG_INTERVAL_SECONDS
            await asyncio.sleep(LAG_INTERVAL_SECONDS)
            self._seconds.observe(max(0.0, loop.time() - due))


class PartsCollector(Collector):
    """The parts' own counts, at the moment of asking."""

    def __init__(self, node: "Node") -> None:
        self._node = node

    def collect(self) -> Iterable[Metric]:
        yield from self._sessions()
        yield from self._decisions()
        yield from self._waiting()
        yield from self._roles()

    def _sessions(self) -> Iterable[Metric]:
        live, listener = self._node.live, self._node.listener
        yield _counter("sessions", "Sessions begun", live.begun)
        yield _counter("statements", "Statements that sessions have sent", live.statements)
        yield _gauge("handshakes", "Connections that have not proved anything yet", listener.handshakes)
        yield _counter(
            "handshakes_dropped", "Handshakes dropped: too slow, or the oldest of too many", listener.dropped
        )
        refused = CounterMetricFamily(
            "safelight_connections_refused", "Connections refused, by family of rule", labels=["family"]
        )
        for (of,), count in _by_family({(rule,): n for rule, n in self._node.services.sessions.refusals.items()}):
            refused.add_metric([of], count)
        yield refused

    def _decisions(self) -> Iterable[Metric]:
        decided = CounterMetricFamily(
            "safelight_policy_decisions",
            "Decisions of policy on statements, by effect and family of rule; known statements need no new one",
            labels=["effect", "family"],
        )
        counts: dict[tuple[str, ...], int] = {
            (str(effect), rule): n for (effect, rule), n in self._node.services.statements.decided.items()
        }
        for labels, count in _by_family(counts):
            decided.add_metric(labels, count)
        yield decided

    def _waiting(self) -> Iterable[Metric]:
        node = self._node
        yield _gauge("statements_held", "Statements that wait for a second person", node.services.holds.waiting)
        yield _gauge("parsers_alive", "Child processes that read SQL", node.analysts.alive)
        yield _counter("parser_restarts", "Child processes that had to be replaced", node.analysts.restarts)
        yield _gauge("parser_waiting", "Statements that wait for a child process", node.analysts.waiting)
        yield _gauge("audit_queued_bytes", "Records not yet written", node.audit.queue.queued_bytes)
        lost = node.services.timekeeper.lease.lost
        yield _gauge("store_writable", "1 while the store can be written", int(not lost))

    def _roles(self) -> Iterable[Metric]:
        counts = [admin.role_counts() for admin in self._node.admins]
        yield _gauge("session_roles_warm", "Roles made ahead on targets", sum(c.warm for c in counts))
        yield _gauge("session_roles_leased", "Roles in use by sessions", sum(c.leased for c in counts))
        yield _gauge("session_roles_to_drop", "Roles that wait to be dropped", sum(c.to_drop for c in counts))


def _by_family(counts: Mapping[tuple[str, ...], int]) -> Iterable[tuple[tuple[str, ...], int]]:
    """Sums of ``counts``, whose keys end with a rule."""
    sums: Counter[tuple[str, ...]] = Counter()
    for (*before, rule), count in counts.items():
        sums[(*before, family(rule))] += count
    return sorted(sums.items())


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"safelight_{name}", text, value=value)


def _counter(name: str, text: str, value: float) -> Metric:
    return CounterMetricFamily(f"safelight_{name}", text, value=value)
