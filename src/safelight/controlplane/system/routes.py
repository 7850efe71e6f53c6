"""Health, readiness, metrics, the API's description, and what clients must know of this node."""

from importlib.resources import files

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response

from safelight import __version__
from safelight.controlplane.metrics import CONTENT_TYPE, ApiMetrics
from safelight.controlplane.parts import ApiParts, Parts
from safelight.controlplane.paths import API
from safelight.controlplane.system.schemas import GatewayView, Health, ListenerView, Readiness


def description() -> bytes:
    """The checked-in OpenAPI document. Making it anew would take too long for the loop it runs in."""
    return files("safelight.controlplane").joinpath("openapi.json").read_bytes()


def problems_now(parts: ApiParts) -> list[str]:
    """What keeps the node from serving: a log that cannot be written, and what the composition root says."""
    failure = parts.audit.status().failure
    log = [f"the audit log cannot be written: {failure}"] if failure is not None else []
    return [*log, *parts.not_ready()]


def node_routes(metrics: ApiMetrics) -> APIRouter:
    """What is outside of the versioned API."""
    router = APIRouter(tags=["node"])

    @router.get("/healthz")
    async def healthz() -> Health:
        """The process runs and its loop turns."""
        return Health(status="ok")

    @router.get("/readyz", responses={503: {"model": Readiness}})
    async def readyz(parts: Parts) -> Response:
        """Whether sessions can be served now; 503 with the reasons when not."""
        problems = problems_now(parts)
        state = Readiness(ready=not problems, problems=problems)
        return JSONResponse(state.model_dump(), 503 if problems else 200)

    @router.get("/metrics")
    async def metrics_text() -> Response:
        """Figures for Prometheus."""
        return Response(metrics.text(), media_type=CONTENT_TYPE)

    return router


router = APIRouter(prefix=API, tags=["node"])


@router.get("/openapi.json", include_in_schema=False)
async def openapi_json() -> Response:
    return Response(description(), media_type="application/json")


@router.get("/gateway")
async def gateway(parts: Parts) -> GatewayView:
    """Where native clients connect, and what they trust."""
    info = parts.gateway
    return GatewayView(
        node=info.node,
        version=__version__,
        listeners=[ListenerView.model_validate(listener) for listener in info.listeners],
        ca_pem=info.ca_pem,
        audit_verifier_key=parts.audit_reader.verifier_key(),
    )
