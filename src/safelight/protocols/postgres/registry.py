"""Prepared statements and portals of one session, kept in step with the server's.

Messages are forwarded before their result is known, so a change is provisional: it is undone when the server reports
an error for it or for anything before it in the same batch, and settled at ReadyForQuery. A name therefore always
means the last statement that the server accepted under it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from safelight.domain.errors import Denied, Refusal
from safelight.protocols.postgres.plan import MessagePlan

T = TypeVar("T")

MAX_STATEMENTS = 10_000
MAX_PORTALS = 10_000


@dataclass(frozen=True, slots=True)
class Prepared:
    """A prepared statement: its text and the plan it was decided by."""

    text: bytes
    plan: MessagePlan


@dataclass(frozen=True, slots=True)
class Portal:
    """A bound statement with its parameter values."""

    prepared: Prepared
    parameters: tuple[bytes | None, ...]


class Registry:
    """Names to what they mean. Every change carries the token of the message that made it."""

    def __init__(self) -> None:
        self._statements: dict[bytes, Prepared] = {}
        self._portals: dict[bytes, Portal] = {}
        self._undo: list[tuple[int, Callable[[], None]]] = []

    def statement(self, name: bytes) -> Prepared | None:
        return self._statements.get(name)

    def portal(self, name: bytes) -> Portal | None:
        return self._portals.get(name)

    def prepare(self, token: int, name: bytes, prepared: Prepared) -> None:
        """Raises: Denied when the session holds too many."""
        if len(self._statements) >= MAX_STATEMENTS and name not in self._statements:
            raise Denied(Refusal("postgres.limit.statements", "too many prepared statements", "close some of them"))
        self._set(self._statements, token, name, prepared)

    def bind(self, token: int, name: bytes, portal: Portal) -> None:
        """Raises: Denied when the session holds too many."""
        if len(self._portals) >= MAX_PORTALS and name not in self._portals:
            raise Denied(Refusal("postgres.limit.portals", "too many open portals", "close some, or send Sync"))
        self._set(self._portals, token, name, portal)

    def close(self, token: int, kind: int, name: bytes) -> None:
        """Close a statement (kind ``S``) or a portal."""
        if kind == ord("S"):
            self._set(self._statements, token, name, None)
        else:
            self._set(self._portals, token, name, None)

    def forget(self, name: str) -> None:
        """DEALLOCATE has succeeded (``*``: all)."""
        if name == "*":
            self._statements.clear()
        else:
            self._statements.pop(name.encode(), None)

    def failed(self, token: int) -> None:
        """The server reported an error for ``token``: it and all after it did not happen."""
        while self._undo and self._undo[-1][0] >= token:
            self._undo.pop()[1]()

    def settled(self, token: int, *, idle: bool) -> None:
        """ReadyForQuery for ``token``: what came before it is final; without a transaction portals are gone."""
        self._undo = [entry for entry in self._undo if entry[0] > token]
        if idle and not self._undo:
            self._portals.clear()

    def _set(self, table: dict[bytes, T], token: int, name: bytes, value: T | None) -> None:
        before = table.get(name)
        self._undo.append((token, lambda: _put(table, name, before)))
        _put(table, name, value)


def _put(table: dict[bytes, T], name: bytes, value: T | None) -> None:
    if value is None:
        table.pop(name, None)
    else:
        table[name] = value
