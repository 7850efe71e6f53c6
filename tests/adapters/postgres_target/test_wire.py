"""The gateway's own queries, played against servers that lie, flood, stall or vanish."""

import asyncio
import struct
from collections.abc import Mapping

import pytest

from safelight.adapters.postgres_target.quoting import identifier, literal
from safelight.adapters.postgres_target.standing import StandingConnection
from safelight.adapters.postgres_target.wire import Link, ServerRefused, Wire, decode_row
from safelight.domain.errors import PeerProtocolError, TargetUnavailable
from safelight.domain.target import Target
from safelight.ports.target_admin import Account
from safelight.protocols.postgres import messages as m
from safelight.protocols.postgres.target_login import TargetReady
from tests.policy.cast import ORDERS

pytestmark = pytest.mark.anyio

READY = m.ready_for_query()
ACCOUNT = Account("admin", None, None, ephemeral=False, enforced_read_only=False)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def data_row(*values: bytes | None) -> bytes:
    cells = b"".join(struct.pack("!i", -1) if v is None else struct.pack("!i", len(v)) + v for v in values)
    return m.message(b"D", struct.pack("!H", len(values)) + cells)


class FakeTransport(asyncio.Transport):
    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.closed = False

    def write(self, data: "bytes | bytearray | memoryview[int]") -> None:
        self.written += bytes(data)

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.closed = True


class FakeLink:
    """Gives a server's bytes; at their end the peer is gone, or silent for ever."""

    def __init__(self, data: bytes, *, silent: bool = False) -> None:
        self.transport: asyncio.Transport = FakeTransport()
        self._data = data
        self._silent = silent

    async def read(self, count: int) -> bytes:
        if len(self._data) < count:
            if self._silent:
                await asyncio.get_running_loop().create_future()
            raise PeerProtocolError("the peer closed the connection")
        data, self._data = self._data[:count], self._data[count:]
        return data


async def test_rows_come_as_texts_and_nulls() -> None:
    answer = m.message(b"1") + m.message(b"2") + data_row(b"a", None, b"") + m.message(b"C", b"SELECT 1\0") + READY
    assert await Wire(FakeLink(answer)).query("SELECT $1", "x", 5, None) == [("a", None, "")]


async def test_an_error_is_raised_once_the_answer_is_over_and_the_next_query_works() -> None:
    refusal = m.error("ERROR", "42501", "permission denied for table customers")
    wire = Wire(FakeLink(refusal + READY + data_row(b"1") + READY))
    with pytest.raises(ServerRefused) as caught:
        await wire.query("SELECT 1")
    assert caught.value.sqlstate == "42501"
    assert "customers" not in str(caught.value), "the server's words are for our log alone"
    assert await wire.query("SELECT 1") == [("1",)]


@pytest.mark.parametrize(
    "answer",
    [
        b"D" + struct.pack("!i", 2**31 - 1),
        b"D" + struct.pack("!i", 3),
        b"D" + struct.pack("!i", -5),
        m.message(b"D", b"\0\1\0\0\0\xff") + READY,
        m.message(b"D", b"\0\2\0\0\0\1a") + READY,
        m.message(b"D", b"\0\1\0\0\0\1\xff") + READY,
        m.message(b"G", b"\0\0\0") + READY,
        m.message(b"R", b"\0\0\0\3") + READY,
        m.message(b"E", b"Cno end"),
        b"",
        b"Z",
    ],
)
async def test_a_server_that_breaks_the_protocol_is_not_believed(answer: bytes) -> None:
    with pytest.raises(PeerProtocolError):
        await Wire(FakeLink(answer)).query("SELECT 1")


async def test_an_endless_answer_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("safelight.adapters.postgres_target.wire.MAX_ANSWER_BYTES", 1000)
    with pytest.raises(PeerProtocolError):
        await Wire(FakeLink(data_row(b"x" * 100) * 20 + READY)).query("SELECT 1")


async def test_endless_empty_rows_are_cut_off_by_what_keeping_them_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("safelight.adapters.postgres_target.wire.MAX_ANSWER_BYTES", 1000)
    with pytest.raises(PeerProtocolError):
        await Wire(FakeLink(data_row() * 20 + READY)).query("SELECT 1")


class Dialler:
    """Hands out prepared links, one for each attempt; an exception is raised."""

    def __init__(self, *links: "FakeLink | TargetUnavailable") -> None:
        self.links = list(links)
        self.attempts = 0

    async def __call__(
        self, target: Target, account: Account, parameters: Mapping[str, str]
    ) -> tuple[Link, TargetReady]:
        self.attempts += 1
        link = self.links.pop(0)
        if isinstance(link, TargetUnavailable):
            raise link
        return link, TargetReady(1, b"", {})


def standing(dialler: Dialler) -> StandingConnection:
    return StandingConnection(dialler, ORDERS, lambda: ACCOUNT, "shop", "test")


async def test_a_connection_that_died_unnoticed_is_replaced_and_the_query_asked_again() -> None:
    dialler = Dialler(FakeLink(data_row(b"1") + READY), FakeLink(data_row(b"2") + READY))
    connection = standing(dialler)
    assert await connection.query("SELECT 1") == [("1",)]
    assert await connection.query("SELECT 2") == [("2",)]
    assert dialler.attempts == 2


async def test_a_fresh_connection_that_dies_is_not_tried_for_ever() -> None:
    dialler = Dialler(FakeLink(b""), FakeLink(b""))
    with pytest.raises(TargetUnavailable, match="broke off"):
        await standing(dialler).query("SELECT 1")
    assert dialler.attempts == 1


async def test_a_target_that_is_down_is_not_asked_by_everybody_at_once() -> None:
    dialler = Dialler(TargetUnavailable("the server cannot be reached"), FakeLink(data_row(b"1") + READY))
    connection = standing(dialler)
    for _ in range(5):
        with pytest.raises(TargetUnavailable, match="cannot be reached"):
            await connection.query("SELECT 1")
    assert dialler.attempts == 1


async def test_a_silent_server_is_given_up_and_its_late_answer_never_read_as_another() -> None:
    silent = FakeLink(b"", silent=True)
    dialler = Dialler(silent, FakeLink(data_row(b"1") + READY))
    connection = standing(dialler)
    with pytest.raises(TargetUnavailable, match="did not answer"):
        await connection.query("SELECT pg_sleep(60)", timeout_seconds=0.05)
    assert silent.transport.is_closing()
    assert await connection.query("SELECT 1") == [("1",)]


async def test_a_closed_connection_stays_closed() -> None:
    connection = standing(Dialler())
    await connection.close()
    with pytest.raises(TargetUnavailable, match="closed"):
        await connection.query("SELECT 1")


def test_names_and_texts_are_quoted_or_refused() -> None:
    assert identifier('a"b') == '"a""b"'
    assert literal("a'b\\") == "'a''b\\'"
    for quote in (identifier, literal):
        with pytest.raises(ValueError, match="zero byte"):
            quote("a\0b")


@pytest.mark.parametrize("body", [b"", b"\0", b"\0\1", b"\xff\xff"])
def test_a_row_that_ends_too_early_is_refused(body: bytes) -> None:
    with pytest.raises(PeerProtocolError):
        decode_row(body)
