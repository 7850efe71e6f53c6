"""The kill switch and its locks, as the API shows and takes them."""

from typing import Annotated

from pydantic import Field

from safelight.controlplane.schema_base import FreeText, Input, View
from safelight.controlplane.sessions.schemas import SessionView
from safelight.domain.lock import LockScope


class Kill(Input):
    """``subject`` names what is ended within the scope (``key=value`` for a target label, empty for ``all``)."""

    scope: LockScope
    subject: Annotated[str, Field(max_length=256)] = ""
    reason: FreeText
    dry_run: bool = False


class LockView(View):
    id: str
    scope: LockScope
    subject: str
    reason: str
    created_by: str
    created_at_ms: int
    lifted_by: str | None
    lifted_at_ms: int | None


class EndedView(View):
    """``work_gone``: the target confirmed that the work no longer exists."""

    session_id: str
    principal: str
    target: str
    connection_closed: bool
    work_gone: bool
    detail: str


class KillView(View):
    """``lock`` is null for a dry run: ``matching`` is what would end. ``remaining`` are sessions whose end could not
    be confirmed. ``recorded`` is false when the lock holds only until the process ends; ``problem`` says why."""

    lock: LockView | None
    matching: list[SessionView]
    ended: list[EndedView]
    remaining: list[EndedView]
    grants_ended: list[str]
    recorded: bool
    problem: str | None
