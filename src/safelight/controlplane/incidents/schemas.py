"""Incidents, as the API shows and takes them."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from safelight.application.manage_incidents import IncidentAction
from safelight.controlplane.schema_base import Input, Name, View
from safelight.domain.incident import IncidentOrigin, IncidentState


class IncidentView(View):
    """``grants_end_at_ms`` is set while a closed incident's grants have their last minutes."""

    id: str
    title: str
    service: str | None
    origin: IncidentOrigin
    source: str
    opener: str
    confirmed_by: str | None
    state: IncidentState
    opened_at_ms: int
    closed_at_ms: int | None
    grants_end_at_ms: int | None


class NewIncident(Input):
    title: Annotated[str, Field(min_length=1, max_length=300)]
    service: Name | None = None


class WebhookBody(BaseModel):
    """What a source sends. ``id`` is the incident's id at the source; other members are ignored, so that a source may
    send more than we need."""

    model_config = ConfigDict(extra="ignore", strict=True)

    action: Annotated[IncidentAction, Field(strict=False)]
    id: Annotated[str, Field(min_length=1, max_length=64)]
    title: Annotated[str, Field(max_length=300)] = ""
    service: Annotated[str, Field(max_length=128)] | None = None
    opener: Annotated[str, Field(max_length=128)] = ""
