"""The HTTP API as one ASGI application."""

from fastapi import Depends, FastAPI
from starlette.types import ASGIApp

from safelight import __version__
from safelight.controlplane import problems
from safelight.controlplane.account.routes import router as account
from safelight.controlplane.audit.routes import router as audit
from safelight.controlplane.edge import Edge
from safelight.controlplane.grants.routes import router as grants
from safelight.controlplane.holds.routes import router as holds
from safelight.controlplane.incidents.routes import router as incidents
from safelight.controlplane.incidents.routes import webhook_routes
from safelight.controlplane.kills.routes import router as kills
from safelight.controlplane.metrics import ApiMetrics, NodeCollector
from safelight.controlplane.parts import ApiParts
from safelight.controlplane.policy.routes import router as policy
from safelight.controlplane.principals.routes import router as principals
from safelight.controlplane.problems import Problem
from safelight.controlplane.requests.routes import router as requests
from safelight.controlplane.route_access import guard
from safelight.controlplane.sessions.routes import router as sessions
from safelight.controlplane.system.routes import node_routes
from safelight.controlplane.system.routes import router as system
from safelight.controlplane.targets.routes import router as targets

_RESOURCES = (
    account,
    principals,
    targets,
    requests,
    grants,
    incidents,
    sessions,
    holds,
    kills,
    audit,
    policy,
    system,
)


def create_app(parts: ApiParts) -> ASGIApp:
    """The application for one node. It starts nothing and owns nothing: ``parts`` outlive it."""
    metrics = ApiMetrics(parts.registry)
    parts.registry.register(NodeCollector(parts.services.access, parts.live, parts.audit))
    app = assemble(metrics)
    app.state.parts = parts
    return Edge(app, max_body_bytes=parts.max_body_bytes, observed=metrics.observed)


def assemble(metrics: ApiMetrics) -> FastAPI:
    """Routes, errors and the guard, without a node behind them (its description is made from this)."""
    app = FastAPI(
        title="safelight",
        version=__version__,
        summary="Debug production without exposing it.",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        dependencies=[Depends(guard)],
        responses={"default": {"model": Problem, "description": "RFC 9457 problem details"}},
    )
    problems.install(app)
    for resource in (*_RESOURCES, webhook_routes(), node_routes(metrics)):
        app.include_router(resource)
    return app
