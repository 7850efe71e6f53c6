"""Logging in, as the API takes it."""

from typing import Annotated

from pydantic import Field, SecretStr

from safelight.controlplane.principals.schemas import PrincipalView
from safelight.controlplane.schema_base import Input, Name, View

Password = Annotated[SecretStr, Field(min_length=1, max_length=1000)]
Code = Annotated[SecretStr, Field(min_length=1, max_length=200)]


class NameAndPassword(Input):
    name: Name
    password: Password


class CodeAndPassword(Input):
    """``name`` is needed for the first administrator only."""

    code: Code
    name: Name | None = None
    password: Password


class NewPassword(Input):
    old: Password
    new: Password


class TokenView(View):
    """A bearer token, shown here once."""

    token: str
    principal: PrincipalView
    expires_at_ms: int


class WhoAmI(View):
    """``may`` are the administrative actions that policy allows."""

    principal: PrincipalView
    may: list[str]
