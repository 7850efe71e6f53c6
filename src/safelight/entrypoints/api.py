"""Puts the HTTP API together and serves it in the node's own loop: a lock must be in memory in the same tick."""

import asyncio
import os
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn
from starlette.types import ASGIApp

from safelight.adapters.audit_reader import AuditFilesReader
from safelight.controlplane.app import create_app
from safelight.controlplane.parts import ApiParts, GatewayInfo, ListenerInfo, WebhookSource
from safelight.domain.errors import TargetUnavailable
from safelight.ports.target_admin import Finding, Severity

if TYPE_CHECKING:
    from safelight.entrypoints.node import Node


class ApiServer:
    """Listens on TCP, on a Unix socket with mode 0600, or on both. Binding happens at once, so that a port in use is
    an error at start."""

    def __init__(
        self, app: ASGIApp, tcp: socket.socket | None, unix: Path | None, tls: ssl.SSLContext | None
    ) -> None:
        self._servers: list[tuple[_Server, list[socket.socket] | None]] = []
        if tcp is not None:
            self._servers.append((_server(app, tls, None), [tcp]))
        if unix is not None:
            _reserve(unix)
            self._servers.append((_server(app, None, unix), None))

    async def serve(self) -> None:
        """Until :meth:`stop`."""
        await asyncio.gather(*(server.serve(sockets) for server, sockets in self._servers))

    def stop(self) -> None:
        for server, _ in self._servers:
            server.should_exit = True


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """The node handles signals itself: sessions end first, then the API."""
        yield


def _server(app: ASGIApp, tls: ssl.SSLContext | None, unix: Path | None) -> _Server:
    config = uvicorn.Config(
        app,
        uds=str(unix) if unix is not None else None,
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=5,
    )
    config.load()
    config.ssl = tls
    return _Server(config)


def bind(host: str, port: int) -> socket.socket:
    """A listening TCP socket. Raises: OSError: the address is in use or not ours."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=1024)


def _reserve(path: Path) -> None:
    """uvicorn keeps the mode of what is there already: put a socket with mode 0600 in its place."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.unlink(missing_ok=True)
    before = os.umask(0o177)
    try:
        with socket.socket(socket.AF_UNIX) as placeholder:
            placeholder.bind(str(path))
    finally:
        os.umask(before)


def create_node_app(node: "Node") -> ASGIApp:
    return create_app(_parts(node))


def _parts(node: "Node") -> ApiParts:
    settings = node.settings
    return ApiParts(
        services=node.services,
        live=node.live,
        audit=node.audit,
        audit_reader=AuditFilesReader(node.audit, node.keys.node_key),
        clock=node.clock,
        secrets=node.secrets,
        gateway=_gateway_info(node),
        webhook_sources={
            name: WebhookSource(name, source.secret, source.services)
            for name, source in settings.incident_sources.items()
        },
        export_directory=settings.state_directory / "exports",
        not_ready=lambda: _not_ready(node),
        preflight=lambda name: preflight(node, name),
        reload=node.reload,
        public_metrics=settings.api.public_metrics,
        max_body_bytes=settings.api.max_body_kib * 1024,
    )


def _gateway_info(node: "Node") -> GatewayInfo:
    postgres = node.settings.postgres
    listener = ListenerInfo(
        "postgres", postgres.advertised_host or postgres.host, node.postgres_port, postgres.tls.value
    )
    certificate = node.settings.tls.certificate_file
    trusted = certificate.read_text() if certificate is not None else node.keys.ca_pem.decode()
    return GatewayInfo(node.settings.node, (listener,), trusted)


def _not_ready(node: "Node") -> list[str]:
    status = node.audit.status()
    problems = [] if status.failure is None else [f"the audit log cannot be written: {status.failure}"]
    if node.services.timekeeper.lease.lost:
        problems.append("the store cannot be written")
    return problems


async def preflight(node: "Node", name: str) -> list[Finding]:
    """What the target's account can and cannot guarantee, in plain words."""
    served = node.targets.get(name)
    if served is None:
        return [Finding(Severity.ERROR, "configured", f"there is no target {name}", None)]
    try:
        return await served.admin.preflight()
    except TargetUnavailable as problem:
        return [Finding(Severity.ERROR, "reachable", f"the target cannot be reached: {problem}", None)]
