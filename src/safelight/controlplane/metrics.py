"""Figures for Prometheus: counts and durations of the API, the audit log's state, how much lives now.

Labels are closed vocabularies (a route's pattern, a status class): never a name of a person, a target or a value.
"""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from safelight.application.access_state import AccessState
from safelight.ports.audit import AuditLog
from safelight.ports.live_sessions import LiveSessions

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
"""A client may write any word there; each would be kept for good."""
_BUCKETS_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5)


class ApiMetrics:
    """What the API counts, in a registry that it is given: others may put theirs into the same."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry
        self._requests = Counter(
            "safelight_api_requests", "HTTP requests", ["route", "method", "status"], registry=registry
        )
        self._seconds = Histogram(
            "safelight_api_request_seconds",
            "Duration of HTTP requests",
            ["route"],
            buckets=_BUCKETS_SECONDS,
            registry=registry,
        )

    def observed(self, route: str, method: str, status: int, seconds: float) -> None:
        known = method if method in _METHODS else "other"
        self._requests.labels(route, known, f"{status // 100}xx").inc()
        self._seconds.labels(route).observe(seconds)

    def text(self) -> bytes:
        return generate_latest(self._registry)


class NodeCollector(Collector):
    """The node's state at the moment of asking."""

    def __init__(self, access: AccessState, live: LiveSessions, audit: AuditLog) -> None:
        self._access = access
        self._live = live
        self._audit = audit

    def collect(self) -> Iterable[Metric]:
        status = self._audit.status()
        yield GaugeMetricFamily("safelight_sessions_live", "Live sessions", value=len(self._live.sessions()))
        yield GaugeMetricFamily("safelight_grants_active", "Active grants", value=len(self._access.active_grants()))
        yield GaugeMetricFamily("safelight_locks_active", "Locks in force", value=len(self._access.active_locks()))
        yield GaugeMetricFamily("safelight_audit_records", "Records written", value=status.size)
        yield GaugeMetricFamily("safelight_audit_records_durable", "Records fsynced", value=status.durable_size)
        yield GaugeMetricFamily(
            "safelight_audit_lag_seconds",
            "Age of the oldest record without a checkpoint",
            value=status.lag_ms / 1000,
        )
        yield GaugeMetricFamily(
            "safelight_audit_writable", "1 while the log can be written", value=int(status.failure is None)
        )
