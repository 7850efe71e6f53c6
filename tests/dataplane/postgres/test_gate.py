"""A session's gate: what was read against a catalog that has passed meanwhile is not kept as the current reading."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from safelight._native import Epoch, ShapeCache
from safelight.dataplane.postgres.gate import SessionGate
from safelight.domain.errors import Refusal
from safelight.protocols.postgres.analysis import Analysis
from safelight.protocols.postgres.catalog import Catalog
from tests.protocols.postgres.sql.shop import SHOP

UNREADABLE = Analysis((), Refusal("postgres.text.size", "too long", "shorten it"), None, None)


@dataclass
class _Meanings:
    """Reads when it is let go; ``epoch`` is advanced by the test."""

    epoch: Epoch = field(default_factory=Epoch)
    go: asyncio.Event = field(default_factory=asyncio.Event)
    reading: asyncio.Event = field(default_factory=asyncio.Event)

    async def under(self, search_path: str | None) -> tuple[Catalog, ShapeCache[Analysis]]:
        return SHOP, ShapeCache()

    async def read(self, text: bytes, catalog: Catalog, extended: bool, principal: str) -> Analysis:
        self.reading.set()
        await self.go.wait()
        return UNREADABLE


def _gate(meanings: _Meanings) -> SessionGate:
    unused = cast(Any, None)
    longest: Mapping[str, int] = {}
    return SessionGate(
        session_id="s-1",
        principal="ada",
        decide=unused,
        decision_epochs=(),
        meanings=cast(Any, meanings),
        search_path=None,
        masker=unused,
        read_only=True,
        longest_ms=longest,
        audit=unused,
        departures=unused,
        clock=unused,
    )


def test_a_reading_is_kept_while_its_catalog_is_current() -> None:
    async def story() -> None:
        meanings = _Meanings()
        meanings.go.set()
        gate = _gate(meanings)
        plan = await gate.plan(b"SELECT 1", False)
        assert plan.epoch == gate.epoch and gate.lookup(b"SELECT 1", False) is plan

    asyncio.run(story())


def test_a_reading_that_a_new_catalog_overtook_is_read_again() -> None:
    async def story() -> None:
        meanings = _Meanings()
        gate = _gate(meanings)
        asked = asyncio.create_task(gate.plan(b"SELECT 1", False))
        await meanings.reading.wait()
        meanings.epoch.advance()  # a label was added
        meanings.go.set()
        plan = await asked
        assert plan.epoch != gate.epoch, "the relay would forward what was decided by the old labels"
        assert gate.lookup(b"SELECT 1", False) is None

    asyncio.run(story())
