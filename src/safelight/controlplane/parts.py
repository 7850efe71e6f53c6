"""What the API is given by the composition root, and how handlers reach it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from fastapi import Depends, Request
from prometheus_client import CollectorRegistry

from safelight.application.services import Services
from safelight.ports.audit import AuditLog, AuditReader
from safelight.ports.clock import Clock
from safelight.ports.live_sessions import LiveSessions
from safelight.ports.secrets import Secrets
from safelight.ports.target_admin import Finding


@dataclass(frozen=True, slots=True)
class ListenerInfo:
    """Where clients of one protocol connect. ``tls`` is ``require`` or ``offer``."""

    protocol: str
    host: str
    port: int
    tls: str


@dataclass(frozen=True, slots=True)
class GatewayInfo:
    """What clients need to know of this node. ``ca_pem`` is the authority of its listeners' certificate."""

    node: str
    listeners: tuple[ListenerInfo, ...]
    ca_pem: str


@dataclass(frozen=True, slots=True)
class WebhookSource:
    """A system whose signed webhooks open and close incidents. ``secret`` is a name in the secrets port;
    ``services`` maps its service names to ours."""

    name: str
    secret: str
    services: Mapping[str, str] = field(default_factory=dict)


async def _no_preflight(_: str) -> Sequence[Finding]:
    return ()


@dataclass(frozen=True, slots=True)
class ApiParts:
    """``not_ready`` says what keeps the node from serving (nothing: it is ready). ``preflight`` asks what a target's
    account can guarantee; ``reload`` reads targets and policies again and gives what is wrong with them.
    Exports are written under ``export_directory`` before they are sent."""

    services: Services
    live: LiveSessions
    audit: AuditLog
    audit_reader: AuditReader
    clock: Clock
    secrets: Secrets
    gateway: GatewayInfo
    webhook_sources: Mapping[str, WebhookSource]
    export_directory: Path
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    not_ready: Callable[[], Sequence[str]] = tuple
    preflight: Callable[[str], Awaitable[Sequence[Finding]]] = _no_preflight
    reload: Callable[[], Awaitable[Sequence[str]]] | None = None
    public_metrics: bool = True
    max_body_bytes: int = 1024 * 1024


def parts_of(request: Request) -> ApiParts:
    parts = request.app.state.parts
    assert isinstance(parts, ApiParts)
    return parts


async def _parts(request: Request) -> ApiParts:
    """A coroutine on purpose: a plain function would be run in a thread, and a kill would wait for it."""
    return parts_of(request)


Parts = Annotated[ApiParts, Depends(_parts)]
