"""Answers that do not fit the gateway's own questions: the target is not available, and nothing else breaks."""

import asyncio
from collections.abc import Mapping

import pytest

from safelight.adapters.postgres_target.standing import StandingConnection
from safelight.adapters.postgres_target.terminate import Terminator, backend_start
from safelight.adapters.postgres_target.wire import Link
from safelight.domain.errors import TargetUnavailable
from safelight.domain.target import Target
from safelight.ports.target_admin import Account, Work
from safelight.protocols.postgres import messages as m
from safelight.protocols.postgres.target_login import TargetReady
from tests.adapters.postgres_target.test_wire import ACCOUNT, FakeTransport, data_row
from tests.policy.cast import ORDERS

pytestmark = pytest.mark.anyio

WORK = Work("s-1", 4711, None, "role", ephemeral=False, database="shop")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Parrot:
    """A server that gives the same answer to every question."""

    def __init__(self, answer: bytes) -> None:
        self.transport: asyncio.Transport = FakeTransport()
        self._answer = answer
        self._left = b""

    async def read(self, count: int) -> bytes:
        if len(self._left) < count:
            self._left += self._answer
        data, self._left = self._left[:count], self._left[count:]
        return data


def standing(answer: bytes) -> StandingConnection:
    async def dial(target: Target, account: Account, parameters: Mapping[str, str]) -> tuple[Link, TargetReady]:
        return Parrot(answer), TargetReady(1, b"key!", {})

    return StandingConnection(dial, ORDERS, lambda: ACCOUNT, "shop", "safelight-control")


READY = m.ready_for_query()
ODD = {
    "no columns": data_row() + READY,
    "no number": data_row(b"many") + READY,
    "a number of 5,000 digits": data_row(b"9" * 5000) + READY,
    "a time that cannot be": data_row(b"9" * 18) + READY,
}


@pytest.mark.parametrize("name", ODD)
async def test_a_start_that_is_none(name: str) -> None:
    with pytest.raises(TargetUnavailable):
        await backend_start(standing(ODD[name]), 4711)


@pytest.mark.parametrize("name", ["no columns", "no number", "a number of 5,000 digits"])
async def test_a_kill_is_answered_whatever_the_server_says(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It fails, in time, and does not wait for ever."""
    monkeypatch.setattr("safelight.adapters.postgres_target.terminate.DEADLINE_SECONDS", 0.1)
    with pytest.raises(TargetUnavailable, match="does not fit the question"):
        await asyncio.wait_for(Terminator(standing(ODD[name])).terminate([WORK]), 5)


async def test_what_cannot_be_read_inside_of_a_question_ends_the_connection() -> None:
    connection = standing(data_row(b"x") + READY)

    async def reading(wire: object) -> int:
        (row,) = await wire.query("SELECT 1")  # type: ignore[attr-defined]
        return int(row[0])

    with pytest.raises(TargetUnavailable, match="does not fit the question"):
        await connection.use(reading, 1)
