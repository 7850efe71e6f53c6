"""A target's administration in memory, for tests: accounts that are lent and taken back, work that ends when told.

It keeps the same contract suite as the real one (`tests/adapters/postgres_target/test_contract.py`).
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Generic, TypeVar

from safelight.domain.capability import Capability
from safelight.domain.errors import TargetUnavailable
from safelight.ports.secrets import Secret
from safelight.ports.target_admin import Account, Finding, ScramKeys, Severity, Work, WorkEnd

CatalogT = TypeVar("CatalogT")

READING = frozenset({Capability.READ, Capability.EXPORT, Capability.UNMASK})


class FakeTargetAdmin(Generic[CatalogT]):
    """``catalogs`` by database. ``available = False`` makes everything raise; pids in ``stubborn`` do not end."""

    def __init__(self, catalogs: Mapping[str, CatalogT]) -> None:
        self.catalogs = dict(catalogs)
        self.available = True
        self.stubborn: set[int] = set()
        self.leased: dict[str, Account] = {}
        self.released: list[str] = []
        self.processes: dict[int, datetime] = {}
        self.terminated: list[Work] = []
        self.counts: dict[str, int] = {}
        self._made = 0

    async def start(self) -> None:
        self._reach()

    async def close(self) -> None:
        self.leased.clear()

    async def lease(
        self, session_id: str, capabilities: frozenset[Capability], database: str, until_ms: int
    ) -> Account:
        self._reach()
        self._known(database)
        self._made += 1
        reads = capabilities <= READING
        number = self._made
        keys = ScramKeys(
            b"salt%012d" % number, 4096, Secret(b"client%026d" % number), Secret(b"server%026d" % number)
        )
        name = f"safelight_{'r' if reads else 'w'}_{number:016x}"
        account = Account(name, None, keys, ephemeral=True, enforced_read_only=reads)
        self.leased[session_id] = account
        return account

    async def release(self, session_id: str) -> None:
        if self.leased.pop(session_id, None) is not None:
            self.released.append(session_id)

    def run(self, pid: int) -> datetime:
        """Start a process on the imagined server."""
        self.processes[pid] = datetime(2024, 1, 1, tzinfo=UTC).replace(microsecond=pid % 1_000_000)
        return self.processes[pid]

    async def backend_start(self, pid: int) -> datetime | None:
        self._reach()
        return self.processes.get(pid)

    async def terminate(self, works: Sequence[Work]) -> list[WorkEnd]:
        self._reach()
        return [self._end(work) for work in works]

    async def catalog(self, database: str) -> CatalogT:
        self._reach()
        return self._known(database)

    async def count_rows(self, database: str, query: str, timeout_seconds: float) -> int | None:
        return self.counts.get(query) if self.available else None

    async def preflight(self) -> list[Finding]:
        if not self.available:
            return [Finding(Severity.ERROR, "reachable", "the target cannot be used now: it is down", None)]
        return [Finding(Severity.OK, "everything", "the accounts of this target give every guarantee", None)]

    def _end(self, work: Work) -> WorkEnd:
        self.terminated.append(work)
        if work.pid in self.stubborn:
            return WorkEnd(work.session_id, False, f"process {work.pid} is still there")
        if work.backend_start is None or self.processes.get(work.pid) == work.backend_start:
            self.processes.pop(work.pid, None)
        return WorkEnd(work.session_id, True, f"process {work.pid} is gone from the server")

    def _known(self, database: str) -> CatalogT:
        if database not in self.catalogs:
            raise TargetUnavailable(f"the database {database} is not configured for this target")
        return self.catalogs[database]

    def _reach(self) -> None:
        if not self.available:
            raise TargetUnavailable("the target is down")
