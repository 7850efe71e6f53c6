"""ParameterStatus as the client sees it: synthesised, never copied (a value can be smuggled in it)."""

import re
from collections.abc import Callable, Mapping

from safelight.domain.errors import Refusal

_VERSION = re.compile(r"\d{1,3}(\.\d{1,3}){0,2}")
_FIXED = {
    "client_encoding": "UTF8",
    "integer_datetimes": "on",
    "standard_conforming_strings": "on",
    "is_superuser": "off",
}
_SWITCHES = ("in_hot_standby", "default_transaction_read_only")
_SETTINGS = ("DateStyle", "IntervalStyle", "TimeZone", "application_name", "search_path")


def synthesise(
    name: str, value: str, *, user: str, check_setting: Callable[[str, str], Refusal | None]
) -> str | None:
    """The value that a client may be told for a parameter the server reported, or None to say nothing."""
    if name in _FIXED:
        return _FIXED[name]
    if name == "session_authorization":
        return user
    if name == "server_version":
        found = _VERSION.match(value)
        return found.group() if found else None
    if name == "server_encoding":
        return value if re.fullmatch(r"[A-Z0-9_]{1,20}", value) else None
    if name in _SWITCHES:
        return value if value in ("on", "off") else None
    if name in _SETTINGS and len(value) <= 128 and check_setting(name, value) is None:
        return value
    return None


def initial(
    reported: Mapping[str, str], *, user: str, check_setting: Callable[[str, str], Refusal | None]
) -> dict[str, str]:
    """What the client is told right after its login."""
    told = {}
    for name, value in reported.items():
        safe = synthesise(name, value, user=user, check_setting=check_setting)
        if safe is not None:
            told[name] = safe
    return told
