"""Prepared statements and portals of one session, kept in step with the server's.

Messages are forwarded before their result is known, so a change is provisional: it is undone when the server reports
an error for it or for anything before it in the same batch, and settled at ReadyForQuery. A name therefore always
means the last statement that the server accepted under it, or the one that the batch at hand is about to make; what
an earlier batch may still fail to make must not be relied on (:meth:`Registry.unsettled`).

Values are named tuples, which are cheap to make: an extended query makes several.
"""

from typing import NamedTuple

from safelight.domain.errors import Denied, Refusal
from safelight.protocols.postgres.plan import MessagePlan

MAX_STATEMENTS = 10_000
MAX_PORTALS = 10_000
STATEMENT, PORTAL = ord("S"), ord("P")


class Prepared(NamedTuple):
    """A prepared statement: its text and the plan it was decided by."""

    text: bytes
    plan: MessagePlan


class Portal(NamedTuple):
    """A bound statement with its parameter values."""

    prepared: Prepared
    parameters: tuple[bytes | None, ...]


class _Change(NamedTuple):
    token: int
    kind: int
    name: bytes
    before: Prepared | Portal | None
    after: Prepared | Portal | None


class Registry:
    """Names to what they mean. Every change carries the token of the message that made it."""

    def __init__(self) -> None:
        self._statements: dict[bytes, Prepared] = {}
        self._portals: dict[bytes, Portal] = {}
        self._changes: list[_Change] = []
        self._changed: dict[tuple[int, bytes], int] = {}
        """The token of each name's last change, while any change is provisional."""

    def statement(self, name: bytes) -> Prepared | None:
        return self._statements.get(name)

    def portal(self, name: bytes) -> Portal | None:
        return self._portals.get(name)

    def unsettled(self, kind: int, name: bytes, batch_ends: list[int]) -> bool:
        """Whether what the name means depends on a batch that has ended and is not answered."""
        return bool(batch_ends) and 0 < self._changed.get((kind, name), 0) <= batch_ends[-1]

    def prepare(self, token: int, name: bytes, prepared: Prepared) -> None:
        """Raises: Denied when the session holds too many."""
        if len(self._statements) >= MAX_STATEMENTS and name not in self._statements:
            raise Denied(Refusal("postgres.limit.statements", "too many prepared statements", "close some of them"))
        self._change(token, STATEMENT, name, prepared)

    def bind(self, token: int, name: bytes, portal: Portal) -> None:
        """Raises: Denied when the session holds too many."""
        if len(self._portals) >= MAX_PORTALS and name not in self._portals:
            raise Denied(Refusal("postgres.limit.portals", "too many open portals", "close some, or send Sync"))
        self._change(token, PORTAL, name, portal)

    def close(self, token: int, kind: int, name: bytes) -> None:
        """Close a statement (kind ``S``) or a portal (``P``)."""
        self._change(token, kind, name, None)

    def deallocate(self, token: int, name: str) -> None:
        """A DEALLOCATE was forwarded (``*``: of all)."""
        for known in [name.encode()] if name != "*" else list(self._statements):
            self._change(token, STATEMENT, known, None)

    def failed(self, token: int, batch_end: int | None) -> None:
        """The server reported an error for ``token``: it and what follows it up to the batch's end did not happen.
        Batches behind it did not fail: their changes stay."""
        kept: list[_Change] = []
        while self._changes and self._changes[-1].token >= token:
            change = self._changes.pop()
            self._put(change.kind, change.name, change.before)
            if batch_end is not None and change.token > batch_end:
                kept.append(change)
        for change in reversed(kept):
            self._change(change.token, change.kind, change.name, change.after)

    def settled(self, token: int, *, idle: bool) -> None:
        """ReadyForQuery for ``token``: what came before it is final; without a transaction portals are gone."""
        if self._changes:
            self._changes = [change for change in self._changes if change.token > token]
        if not self._changes:
            self._changed.clear()
            if idle:
                self._portals.clear()

    def _change(self, token: int, kind: int, name: bytes, after: Prepared | Portal | None) -> None:
        before = self._statements.get(name) if kind == STATEMENT else self._portals.get(name)
        self._changes.append(_Change(token, kind, name, before, after))
        self._changed[kind, name] = token
        self._put(kind, name, after)

    def _put(self, kind: int, name: bytes, value: Prepared | Portal | None) -> None:
        table: dict[bytes, Prepared] | dict[bytes, Portal]
        table = self._statements if kind == STATEMENT else self._portals
        if value is None:
            table.pop(name, None)
        else:
            table[name] = value  # type: ignore[assignment]  # the kind of a change says which table it belongs to
