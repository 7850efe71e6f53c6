"""Live sessions end at their deadline, under a lock, when idle, and all at once; nothing slips in between."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from safelight.dataplane.live_sessions import End, NodeSessions
from safelight.domain.deadline import Deadline, deadline_after
from safelight.domain.lock import Lock, LockScope, Subjects
from safelight.domain.session import Session, SessionState
from safelight.ports.clock_fake import FakeClock
from safelight.ports.live_sessions import EndedSession


@dataclass
class FakeSession:
    info: Session
    ended: bool = False
    statements: int = 0
    idle_since_monotonic_ms: int = 0
    ends: list[End] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)

    def end(self, end: End) -> None:
        self.ended = True
        self.ends.append(end)

    async def gone(self) -> EndedSession:
        return EndedSession(self.info.id, self.info.principal, self.info.target, True, True, "")

    def notice(self, message: str) -> None:
        self.notices.append(message)

    def watch(self, listener: Callable[[dict[str, object]], None]) -> Callable[[], None]:
        listener({"event": "watched"})
        return lambda: None


def session(clock: FakeClock, name: str = "s-1", principal: str = "ada") -> FakeSession:
    info = Session(
        id=name,
        protocol="postgres",
        principal=principal,
        grant_id="g-1",
        credential_id="c-1",
        target="orders-db",
        database="shop",
        incident_id=None,
        client_address="127.0.0.1",
        application_name="psql",
        started_at_ms=clock.wall_ms(),
        state=SessionState.LIVE,
        ended_at_ms=None,
        end_reason=None,
        statements=0,
    )
    return FakeSession(info, idle_since_monotonic_ms=clock.monotonic_ms())


def lock(scope: LockScope, subject: str) -> Lock:
    return Lock("k-1", scope, subject, "suspicious", "sam", 0, None, None)


class World:
    """A node with a fake clock and one grant of ``grant_ms``."""

    def __init__(self, grant_ms: int = 3_600_000, idle_seconds: int = 600) -> None:
        self.clock = FakeClock()
        self.deadline: Deadline | None = deadline_after(self.clock.now(), grant_ms)
        self.groups = frozenset({"oncall"})
        self.node = NodeSessions(
            self.clock,
            lambda _: self.deadline,
            self._subjects_of,
            session_max_seconds=7200,
            idle_seconds=idle_seconds,
        )

    def _subjects_of(self, session: Session) -> Subjects:
        labels = {"env": "production"}
        return Subjects(session.id, "g-1", session.principal, self.groups, "orders-db", labels, None)


def test_a_session_ends_by_its_own_timer_at_the_deadline() -> None:
    async def story() -> None:
        world = World(grant_ms=30)
        live = session(world.clock)
        world.node.add(live)
        assert not live.ended
        world.clock.advance(30)
        await asyncio.sleep(0.06)
        assert [end.kind for end in live.ends] == ["expired"]

    asyncio.run(story())


def test_a_session_that_begins_under_a_lock_ends_at_once() -> None:
    async def story() -> None:
        world = World()
        world.node.lock(lock(LockScope.TARGET, "orders-db"))
        live = session(world.clock)
        world.node.add(live)
        assert [end.kind for end in live.ends] == ["locked"]
        world.node.unlock("k-1")
        again = session(world.clock, "s-2")
        world.node.add(again)
        assert not again.ended

    asyncio.run(story())


def test_a_lock_ends_whom_it_names_before_it_returns_and_nobody_else() -> None:
    async def story() -> None:
        world = World()
        ada, lin = session(world.clock, "s-1", "ada"), session(world.clock, "s-2", "lin")
        world.node.add(ada)
        world.node.add(lin)
        assert world.node.lock(lock(LockScope.PRINCIPAL, "ada")) == ["s-1"]
        assert ada.ended and not lin.ended
        assert [entry.session_id for entry in await world.node.verify_gone(["s-1"])] == ["s-1"]

    asyncio.run(story())


def test_a_lock_on_a_group_names_who_joined_it_after_the_session_began() -> None:
    async def story() -> None:
        world = World()
        live = session(world.clock)
        world.node.add(live)
        world.groups = frozenset({"contractors"})
        assert world.node.lock(lock(LockScope.GROUP, "contractors")) == ["s-1"]

    asyncio.run(story())


def test_a_session_whose_grant_is_over_never_begins() -> None:
    async def story() -> None:
        world = World()
        world.deadline = None
        live = session(world.clock)
        world.node.add(live)
        assert [end.kind for end in live.ends] == ["expired"]

    asyncio.run(story())


def test_an_idle_session_ends_and_a_busy_one_does_not() -> None:
    async def story() -> None:
        world = World(idle_seconds=60)
        idle, busy = session(world.clock, "s-1"), session(world.clock, "s-2")
        world.node.add(idle)
        world.node.add(busy)
        world.clock.advance(60_000)
        busy.idle_since_monotonic_ms = world.clock.monotonic_ms()
        keeping = asyncio.create_task(world.node.keep_time())
        await asyncio.sleep(1.1)
        keeping.cancel()
        assert [end.kind for end in idle.ends] == ["idle"] and not busy.ended

    asyncio.run(story())


def test_setting_the_clock_back_ends_no_session_late() -> None:
    async def story() -> None:
        world = World(grant_ms=50)
        live = session(world.clock)
        world.node.add(live)
        world.clock.jump(-3_600_000)
        world.clock.advance(50)
        await asyncio.sleep(0.08)
        assert live.ended

    asyncio.run(story())


def test_after_the_end_of_all_nothing_begins() -> None:
    async def story() -> None:
        world = World()
        before, after = session(world.clock, "s-1"), session(world.clock, "s-2")
        world.node.add(before)
        assert world.node.end_all(End("shutdown", "bye")) == ["s-1"]
        world.node.add(after)
        assert before.ended and after.ended

    asyncio.run(story())
