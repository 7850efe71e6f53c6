"""Held statements, as the API shows them."""

from safelight.controlplane.schema_base import View
from safelight.domain.capability import Capability
from safelight.domain.hold import Hold


class HoldView(View):
    """``masked_text`` is the statement with labelled values masked; ``rows`` is how many rows it would touch, where
    that could be had."""

    id: str
    session_id: str
    principal: str
    target: str
    database: str
    incident_id: str | None
    capabilities: list[Capability]
    policies: list[str]
    masked_text: str
    rows: int | None
    created_at_ms: int
    expires_at_ms: int


def view(hold: Hold) -> HoldView:
    return HoldView(
        id=hold.id,
        session_id=hold.session_id,
        principal=hold.principal,
        target=hold.target,
        database=hold.database,
        incident_id=hold.incident_id,
        capabilities=sorted(hold.capabilities),
        policies=list(hold.policies),
        masked_text=hold.masked_text,
        rows=hold.rows,
        created_at_ms=hold.created_at_ms,
        expires_at_ms=hold.deadline.wall_ms,
    )
