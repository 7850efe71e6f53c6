"""Incidents by hand, and by signed webhook."""

from fastapi import APIRouter, Request
from pydantic import ValidationError

from safelight.application.attempts import Attempts
from safelight.application.manage_incidents import IncidentEvent
from safelight.controlplane.incidents.schemas import IncidentView, NewIncident, WebhookBody
from safelight.controlplane.incidents.webhook_signature import (
    SIGNATURE_HEADER,
    TIMESTAMP_HEADER,
    ReplayWindow,
    WebhookRefused,
)
from safelight.controlplane.parts import ApiParts, Parts, WebhookSource
from safelight.controlplane.paths import API
from safelight.controlplane.problems import ApiProblem
from safelight.controlplane.route_access import CallerOf, client_address
from safelight.controlplane.schema_base import Listing, newest
from safelight.domain.errors import Refusal

MAX_WEBHOOK_BYTES = 64 * 1024
MAX_REFUSALS, REFUSAL_WINDOW_SECONDS = 60, 300
"""From one address: each refusal is a durable record, and nobody may fill the log with them."""

_NOT_SIGNED = Refusal("webhook.refused", "the message is not signed as it must be", "see the user guide: webhooks")
"""The same for every failed proof; the audit record has the exact rule."""
_NO_WEBHOOK = Refusal("webhook.shape", "the message is signed, but no webhook", "see the user guide: webhooks")

router = APIRouter(prefix=f"{API}/incidents", tags=["incidents"])


@router.get("")
async def list_incidents(parts: Parts, caller: CallerOf, closed: bool = False) -> Listing[IncidentView]:
    """Those that are not over, and with ``closed`` the latest of those that are. Oldest first."""
    found = parts.services.incidents.list(caller.name, closed=closed)
    return Listing(items=[IncidentView.model_validate(incident) for incident in newest(found)])


@router.post("", status_code=201)
async def open_incident(parts: Parts, caller: CallerOf, new: NewIncident) -> IncidentView:
    """Open one by hand. It counts once a second person has confirmed it."""
    incident = await parts.services.incidents.open(caller.name, title=new.title, service=new.service)
    return IncidentView.model_validate(incident)


@router.post("/{incident_id}/confirm")
async def confirm_incident(parts: Parts, caller: CallerOf, incident_id: str) -> IncidentView:
    return IncidentView.model_validate(await parts.services.incidents.confirm(caller.name, incident_id))


@router.post("/{incident_id}/close")
async def close_incident(parts: Parts, caller: CallerOf, incident_id: str) -> IncidentView:
    """Close it: its sessions are warned, its grants end when the warning has passed."""
    return IncidentView.model_validate(await parts.services.incidents.close(caller.name, incident_id))


def webhook_routes() -> APIRouter:
    """The signed door. Its memory of what it has seen belongs to one application."""
    door = APIRouter(prefix=f"{API}/incidents", tags=["incidents"])
    window = ReplayWindow()
    attempts = Attempts(MAX_REFUSALS, REFUSAL_WINDOW_SECONDS * 1000)

    @door.post("/webhooks/{source}", openapi_extra=_BODY)
    async def webhook(parts: Parts, source: str, request: Request) -> IncidentView:
        """Open or close an incident. ``Safelight-Timestamp`` is Unix time in seconds, within 300 s of ours;
        ``Safelight-Signature`` is ``v1=`` and the hexadecimal HMAC-SHA256 of ``<timestamp>.<body>``. Each message is
        taken once. Saying the same again in a new message changes nothing."""
        address = client_address(request)
        if not attempts.allowed(address, parts.clock.monotonic_ms()):
            raise ApiProblem(429, Refusal("webhook.rate", "too many refused messages from here", "wait some minutes"))
        body = await _bounded_body(request)
        known = parts.webhook_sources.get(source)
        try:
            _verify(parts, known, request, body, window)
        except WebhookRefused as refusal:
            attempts.failed(address, parts.clock.monotonic_ms())
            rule = f"webhook.{refusal.reason.replace(' ', '-')}"
            await parts.services.incidents.webhook_refused(source, address, rule)
            raise ApiProblem(401, _NOT_SIGNED) from None
        assert known is not None, "verified"
        try:
            said = WebhookBody.model_validate_json(body)
        except ValidationError:
            await parts.services.incidents.webhook_refused(source, address, _NO_WEBHOOK.rule)
            raise ApiProblem(422, _NO_WEBHOOK) from None
        service = known.services.get(said.service, said.service) if said.service is not None else None
        event = IncidentEvent(said.action, said.id, said.title or said.id, service, said.opener)
        return IncidentView.model_validate(await parts.services.incidents.webhook(known.name, event))

    return door


_BODY = {
    "requestBody": {"required": True, "content": {"application/json": {"schema": WebhookBody.model_json_schema()}}}
}


async def _bounded_body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_WEBHOOK_BYTES:
            raise ApiProblem(413, Refusal("webhook.size", "the message is too large", "send at most 64 KiB"))
    return bytes(body)


def _verify(
    parts: ApiParts, source: WebhookSource | None, request: Request, body: bytes, window: ReplayWindow
) -> None:
    try:
        secret = parts.secrets.get(source.secret).reveal() if source is not None else ""
    except KeyError:
        secret = ""
    headers = (request.headers.get(TIMESTAMP_HEADER, ""), request.headers.get(SIGNATURE_HEADER, ""))
    if not secret:
        raise WebhookRefused("unknown source")
    window.check(secret, headers, body, parts.clock.now())
