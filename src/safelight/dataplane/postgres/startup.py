"""The startup packet that the gateway sends to a target for a session."""

from collections.abc import Mapping

from safelight.domain.target import Target
from safelight.protocols.postgres.catalog import Catalog
from safelight.protocols.postgres.client_handshake import Login
from safelight.protocols.postgres.sql.settings import timeout_milliseconds

CONNECTION_CHECK_SECONDS = 5


def longest_timeouts(target: Target) -> dict[str, int]:
    """In milliseconds: what a forgotten session can hold is bounded. A client may shorten them, never lengthen."""
    return {
        "statement_timeout": target.statement_timeout_seconds * 1000,
        "lock_timeout": target.lock_timeout_seconds * 1000,
        "idle_in_transaction_session_timeout": target.idle_in_transaction_timeout_seconds * 1000,
    }


def startup_parameters(
    longest_ms: Mapping[str, int], catalog: Catalog, database: str, login: Login, *, read_only: bool
) -> dict[str, str]:
    """What the client asked for (it has passed the closed list), then what is ours: it gives text its meaning, or
    bounds it. Names are resolved in the search_path that the catalog was read for, whatever the account's own is."""
    asked = {name: value for name, value in login.settings.items() if name.lower() not in longest_ms}
    parameters = {"database": database, "application_name": login.application_name, **asked}
    if not any(name.lower() == "search_path" for name in asked):
        parameters["search_path"] = ", ".join(_quoted(schema) for schema in catalog.search_path) or '""'
    parameters |= {name: str(_shorter(most, login.settings, name)) for name, most in longest_ms.items()}
    parameters |= {
        "client_encoding": "UTF8",
        "standard_conforming_strings": "on",
        "row_security": "on",
        "client_connection_check_interval": str(CONNECTION_CHECK_SECONDS * 1000),
    }
    if read_only:
        parameters["default_transaction_read_only"] = "on"
    return parameters


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _shorter(most_ms: int, settings: Mapping[str, str], name: str) -> int:
    asked = next((value for key, value in settings.items() if key.lower() == name), None)
    asked_ms = timeout_milliseconds(asked) if asked is not None else None
    return min(asked_ms, most_ms) if asked_ms else most_ms
