"""The startup packet that the gateway sends to a target for a session."""

from collections.abc import Mapping

from safelight.domain.target import Target
from safelight.protocols.postgres.client_handshake import Login
from safelight.protocols.postgres.sql.settings import timeout_milliseconds

LOCK_TIMEOUT_SECONDS = 10
IDLE_IN_TRANSACTION_SECONDS = 300
CONNECTION_CHECK_SECONDS = 5
_TIMEOUTS = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")


def startup_parameters(target: Target, database: str, login: Login, *, read_only: bool) -> dict[str, str]:
    """What the client asked for (it has passed the closed list), then what is ours: it gives text its meaning, or
    bounds what a forgotten session can hold. The client may shorten a timeout, never lengthen it."""
    ours = {
        "statement_timeout": target.statement_timeout_seconds * 1000,
        "lock_timeout": LOCK_TIMEOUT_SECONDS * 1000,
        "idle_in_transaction_session_timeout": IDLE_IN_TRANSACTION_SECONDS * 1000,
    }
    asked = {name: value for name, value in login.settings.items() if name.lower() not in _TIMEOUTS}
    parameters = {"database": database, "application_name": login.application_name, **asked}
    parameters |= {name: str(_shorter(most, login.settings, name)) for name, most in ours.items()}
    parameters |= {
        "client_encoding": "UTF8",
        "standard_conforming_strings": "on",
        "row_security": "on",
        "client_connection_check_interval": str(CONNECTION_CHECK_SECONDS * 1000),
    }
    if read_only:
        parameters["default_transaction_read_only"] = "on"
    return parameters


def _shorter(most_ms: int, settings: Mapping[str, str], name: str) -> int:
    asked = next((value for key, value in settings.items() if key.lower() == name), None)
    asked_ms = timeout_milliseconds(asked) if asked is not None else None
    return min(asked_ms, most_ms) if asked_ms else most_ms
