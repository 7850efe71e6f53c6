"""What becomes of an incident.

    open ──close──▶ closing (grants end when the warning has passed) ──▶ closed
      ▲                └───────────────── reopen ──────────────────────────┘
Reopening is a new start: what ended, or was told to end, stays so.
"""

from dataclasses import replace

from safelight.domain.deadline import Deadline
from safelight.domain.incident import Incident, IncidentState


def confirmed(incident: Incident, by: str) -> Incident:
    assert incident.confirmed_by is None and by != incident.opener
    return replace(incident, confirmed_by=by)


def closing(incident: Incident, now_ms: int, grants_end: Deadline) -> Incident:
    """Closed at its source: grants that name it end at ``grants_end``."""
    assert incident.state is IncidentState.OPEN
    return replace(incident, state=IncidentState.CLOSING, closed_at_ms=now_ms, grants_end_at_ms=grants_end.wall_ms)


def closed(incident: Incident) -> Incident:
    """The warning has passed."""
    assert incident.state is IncidentState.CLOSING
    return replace(incident, state=IncidentState.CLOSED)


def reopened(incident: Incident, now_ms: int, title: str, opener: str) -> Incident:
    assert incident.state is not IncidentState.OPEN
    return replace(
        incident,
        state=IncidentState.OPEN,
        title=title,
        opener=opener,
        opened_at_ms=now_ms,
        confirmed_by=None,
        closed_at_ms=None,
        grants_end_at_ms=None,
    )
