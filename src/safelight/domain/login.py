"""What proves who somebody is to the API: passwords, one-time codes and tokens. Only hashes, never the secrets."""

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class PasswordHash:
    """``encoded`` is Argon2id's own encoding (salt and costs included)."""

    principal: str
    encoded: str


class CodePurpose(StrEnum):
    FIRST_ADMINISTRATOR = "first_administrator"
    """``principal`` is empty: whoever holds the code names the account."""
    SET_PASSWORD = "set_password"  # noqa: S105 (a purpose, not a password)


@dataclass(frozen=True, slots=True)
class OneTimeCode:
    """``hash`` is the hexadecimal SHA-256 of a code of at least 128 random bits; used at most once."""

    hash: str
    principal: str
    purpose: CodePurpose
    created_at_ms: int
    expires_at_ms: int
    used_at_ms: int | None


@dataclass(frozen=True, slots=True)
class ApiToken:
    """``hash`` is the hexadecimal SHA-256 of an opaque bearer token of 256 random bits."""

    hash: str
    principal: str
    created_at_ms: int
    expires_at_ms: int
    revoked: bool
