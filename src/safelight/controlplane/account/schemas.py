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


class FirstAdministrator(Input):
    """``code`` is printed by the gateway at its first start."""

    code: Code
    name: Name
    password: Password


class Invitation(Input):
    """``code`` was given by whoever created the account."""

    code: Code
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
