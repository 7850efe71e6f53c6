"""Puts the HTTP API together and serves it in the node's own loop: a lock must be in memory in the same tick."""

from typing import TYPE_CHECKING

from safelight.controlplane.app import create_app
from safelight.controlplane.parts import ApiParts, GatewayInfo, ListenerInfo, WebhookSource
from safelight.controlplane.server import ApiServer
from safelight.domain.errors import TargetUnavailable
from safelight.ports.target_admin import Finding, Severity

if TYPE_CHECKING:
    from safelight.entrypoints.node import Node


def node_api(node: "Node") -> ApiServer:
    """The API's listeners; its certificate is the PostgreSQL listener's."""
    api = node.settings.api
    tls = node.tls.context if api.tls else None
    return ApiServer(create_app(_parts(node)), host=api.host, port=api.port, tls=tls, unix_socket=api.unix_socket)


def _parts(node: "Node") -> ApiParts:
    settings = node.settings
    return ApiParts(
        services=node.services,
        live=node.live,
        audit=node.audit,
        audit_reader=node.audit_reader,
        clock=node.clock,
        secrets=node.secrets,
        gateway=_gateway_info(node),
        webhook_sources={
            name: WebhookSource(name, source.secret, source.services)
            for name, source in settings.incident_sources.items()
        },
        registry=node.registry,
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
