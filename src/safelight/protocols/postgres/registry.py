"""Prepared statements and portals of one session, kept in step with the server's.

Messages are forwarded before their result is known, so a change is provisional: it is undone when the server reports
an error for it or for anything before it in the same batch, and settled at ReadyForQuery. A name therefore always
means the last statement that the server accepted under it, or the one that the batch at hand is about to make; what
an earlier batch may still fail to make must not be relied on (:meth:`Registry.unsettled`).

Values are named tuples, which are cheap to make: an extended query makes several.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, cast

from safelight.domain.errors import Denied, Refusal
from safelight.protocols.postgres.plan import MessagePlan

MAX_STATEMENTS = 10_000
MAX_PORTALS = 10_000
MAX_BYTES = 32 * 1024 * 1024
"""So long may all texts and values together be that a session has under names."""
MAX_CHANGES = 20_000
"""So many names may change before the server has answered: what is provisional has to be remembered."""
STATEMENT, PORTAL = ord("S"), ord("P")
_Name = tuple[int, bytes]
"""Kind and name."""


class Prepared(NamedTuple):
    """A prepared statement: its text and the plan it was decided by."""

    text: bytes
    plan: MessagePlan

    @property
    def size_bytes(self) -> int:
        return len(self.text)


class Portal(NamedTuple):
    """A bound statement with its parameter values."""

    prepared: Prepared
    parameters: tuple[bytes | None, ...]

    @property
    def size_bytes(self) -> int:
        return sum(len(value) for value in self.parameters if value is not None)


@dataclass(slots=True)
class _Change:
    """A batch changed a name: the tokens of the first and the last time, and what it meant before."""

    first: int
    last: int
    before: Prepared | Portal | None


class Registry:
    """Names to what they mean. Every change carries the token of the message that made it. ``told`` hears what a
    statement's name means now (None: nothing)."""

    def __init__(self, told: Callable[[bytes, bytes | None], None] = lambda name, text: None) -> None:
        self._told = told
        self._meanings: dict[_Name, Prepared | Portal] = {}
        self._counts = {STATEMENT: 0, PORTAL: 0}
        self._bytes = 0
        self._batches: list[dict[_Name, _Change]] = [{}]
        """The provisional changes of each batch that is not answered; the last is still being sent."""
        self._changes = 0
        self._changing: dict[_Name, int] = {}
        """In how many of these batches each name changes."""

    def statement(self, name: bytes) -> Prepared | None:
        return cast("Prepared | None", self._meanings.get((STATEMENT, name)))

    def portal(self, name: bytes) -> Portal | None:
        return cast("Portal | None", self._meanings.get((PORTAL, name)))

    def unsettled(self, kind: int, name: bytes) -> bool:
        """Whether what the name means depends on a batch that has ended and is not answered. What the batch at hand
        made itself may be relied on: if making it fails, the server skips what uses it."""
        return (kind, name) in self._changing and (kind, name) not in self._batches[-1]

    def prepare(self, token: int, name: bytes, prepared: Prepared) -> None:
        """Raises: Denied when the session holds too many."""
        if self._counts[STATEMENT] >= MAX_STATEMENTS and self.statement(name) is None:
            raise Denied(Refusal("postgres.limit.statements", "too many prepared statements", "close some of them"))
        self._must_fit((STATEMENT, name), prepared)
        self._change(token, (STATEMENT, name), prepared)

    def bind(self, token: int, name: bytes, portal: Portal) -> None:
        """Raises: Denied when the session holds too many."""
        if self._counts[PORTAL] >= MAX_PORTALS and self.portal(name) is None:
            raise Denied(Refusal("postgres.limit.portals", "too many open portals", "close some, or send Sync"))
        self._must_fit((PORTAL, name), portal)
        self._change(token, (PORTAL, name), portal)

    def close(self, token: int, kind: int, name: bytes) -> None:
        """Close a statement (kind ``S``) or a portal (``P``).

        Raises: Denied when too much has changed since the last answer.
        """
        self._change(token, (kind, name), None)

    def deallocate(self, token: int, name: str) -> None:
        """A DEALLOCATE was forwarded (``*``: of all)."""
        every = [known for kind, known in self._meanings if kind == STATEMENT] if name == "*" else [name.encode()]
        for known in every:
            self._change(token, (STATEMENT, known), None, bounded=False)

    def happened(self, kind: int, name: bytes, value: Prepared | Portal) -> None:
        """The fast path gave the name this meaning, and the server has accepted it."""
        self._put((kind, name), value)

    def departed(self, token: int, kind: int, name: bytes, value: Prepared | Portal) -> None:
        """The fast path has forwarded what gives the name this meaning."""
        self._change(token, (kind, name), value, bounded=False)

    def batch_ends(self) -> None:
        """Sync (or a Query) was forwarded: what comes now belongs to the next batch."""
        self._batches.append({})

    def failed(self, token: int) -> None:
        """The server reported an error for ``token``, in the oldest batch that is not answered: it and what follows
        it there did not happen. Batches behind it did not fail: their changes stay."""
        for name, change in list(self._batches[0].items()):
            if change.last < token:
                continue
            # Changed both before and after the error: what it means now is not told, so it means nothing.
            meaning = change.before if change.first >= token else None
            if self._changing[name] > 1:
                next(batch[name] for batch in self._batches[1:] if name in batch).before = meaning
            else:
                self._put(name, meaning)
            del self._batches[0][name]
            self._no_longer_changing(name)

    def settled(self, *, idle: bool) -> None:
        """ReadyForQuery: what the oldest batch did is final; without a transaction portals are gone."""
        for name in self._batches.pop(0):
            self._no_longer_changing(name)
        if idle and not self._changes and self._counts[PORTAL]:
            for name in [name for name in self._meanings if name[0] == PORTAL]:
                self._put(name, None)

    def _change(self, token: int, name: _Name, after: Prepared | Portal | None, *, bounded: bool = True) -> None:
        batch = self._batches[-1]
        change = batch.get(name)
        if change is not None:
            change.last = token
        else:
            if bounded and self._changes >= MAX_CHANGES:
                raise Denied(Refusal("postgres.limit.batch", "too many names in one batch", "send Sync more often"))
            batch[name] = _Change(token, token, self._meanings.get(name))
            self._changing[name] = self._changing.get(name, 0) + 1
            self._changes += 1
        self._put(name, after)

    def _must_fit(self, name: _Name, value: Prepared | Portal) -> None:
        before = self._meanings.get(name)
        if self._bytes + value.size_bytes - (before.size_bytes if before is not None else 0) > MAX_BYTES:
            raise Denied(
                Refusal(
                    "postgres.limit.bytes",
                    "the texts and values of prepared statements and portals are too long together",
                    "close some of them",
                )
            )

    def _no_longer_changing(self, name: _Name) -> None:
        self._changes -= 1
        self._changing[name] -= 1
        if not self._changing[name]:
            del self._changing[name]

    def _put(self, name: _Name, value: Prepared | Portal | None) -> None:
        before = self._meanings.pop(name, None)
        if before is not None:
            self._counts[name[0]] -= 1
            self._bytes -= before.size_bytes
        if value is not None:
            self._meanings[name] = value
            self._counts[name[0]] += 1
            self._bytes += value.size_bytes
        if name[0] == STATEMENT:
            self._told(name[1], value.text if isinstance(value, Prepared) else None)
