"""Principals, as the API shows and takes them."""

from typing import Annotated

from pydantic import Field

from safelight.controlplane.schema_base import Input, Name, View
from safelight.domain.principal import PrincipalKind


class PrincipalView(View):
    name: str
    kind: PrincipalKind
    groups: list[str]
    created_by: str | None
    sponsor: str | None
    disabled: bool
    created_at_ms: int


class NewPrincipal(Input):
    """A person, or an agent with the person it acts for as its ``sponsor``."""

    name: Name
    kind: PrincipalKind = PrincipalKind.PERSON
    groups: Annotated[list[Name], Field(max_length=50)] = Field(default_factory=list)
    sponsor: Name | None = None


class CreatedPrincipal(View):
    """``code`` lets a person set their password, once; it is shown here only. Agents get none: their sponsor issues
    their tokens."""

    principal: PrincipalView
    code: str | None
    code_expires_at_ms: int | None


class Groups(Input):
    groups: Annotated[list[Name], Field(max_length=50)]
