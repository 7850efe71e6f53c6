"""Secrets by name, and a wrapper that does not print."""

from typing import Generic, Protocol, TypeVar

T = TypeVar("T", str, bytes)


class Secret(Generic[T]):
    """A value that repr, logs and tracebacks redact. ``reveal`` at the last moment only."""

    __slots__ = ("_value",)

    def __init__(self, value: T) -> None:
        self._value: T = value

    def reveal(self) -> T:
        return self._value

    def __repr__(self) -> str:
        return "Secret(…)"

    __str__ = __repr__


class Secrets(Protocol):
    def get(self, name: str) -> Secret[str]:
        """Raises: KeyError when no secret has this name."""
        ...
