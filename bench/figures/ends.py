"""How fast work ends: a kill of 100 busy sessions of six kinds, and the expiry of a grant in mid-stream."""

import asyncio
import time
from collections.abc import Callable

from bench.frame import Figures, Result, percentile
from bench.raw_session import RawSession
from tests.rig.gateway import Gateway, SessionLogin, Target
from tests.rig.servers import Server

SESSIONS = 100
ROUNDS = 3
SETTLE_SECONDS = 2.0
AFTER_SECONDS = 1.0
ENDLESS = "SELECT generate_series(1, 2000000000) AS i, repeat('some text ', 20)"
"""In the select list the series streams; in FROM the server would write all of it to disk first."""
STUBBORN = """
    CREATE FUNCTION stubborn() RETURNS int LANGUAGE plpgsql AS $$
    BEGIN
        LOOP
            BEGIN PERFORM pg_sleep(60); EXCEPTION WHEN query_canceled THEN NULL; END;
        END LOOP;
    END $$;
    CREATE TABLE things (id int);
"""
POLICY = """
    @id("bench.write")
    @description("The benchmark's own sessions write without a second person.")
    permit (principal, action == Action::"write", resource);
"""
SETTINGS = "[access]\nminimum_grant_seconds = 2\n"
EXPIRES_SECONDS = 8


def figures(wanted: Callable[[str], bool]) -> Figures:
    names = ("kill_last_byte_p99", "kill_left_on_target", "expiry_last_byte")
    if not any(wanted(name) for name in names):
        return
    with Server(18, settings={"log_statement": "'none'", "max_connections": "300"}) as server:
        server.create_database("shop")
        server.sql(STUBBORN, "shop")
        target = Target("shop-db", server, ("shop",), statement_timeout_seconds=600)
        with Gateway([target], policies=POLICY, settings=SETTINGS) as gateway:
            if wanted(names[0]) or wanted(names[1]):
                yield from _kills(server, gateway)
            if wanted(names[2]):
                yield _expiry(gateway)


def _kills(server: Server, gateway: Gateway) -> Figures:
    lateness: list[list[float]] = []
    left: list[int] = []
    for _ in range(ROUNDS):
        login = gateway.session("shop-db", capabilities=("read", "write", "ddl"))
        late, remaining = asyncio.run(_kill_once(server, gateway, login))
        lateness.append(late)
        left.append(remaining)
    p99 = [percentile(late, 99) for late in lateness]
    yield Result("kill_last_byte_p99", round(max(p99), 1), "ms", 50, "lower", [round(value, 1) for value in p99])
    yield Result("kill_left_on_target", max(left), "server processes after 1 s", 0, "lower", left)


async def _kill_once(server: Server, gateway: Gateway, login: SessionLogin) -> tuple[list[float], int]:
    """Milliseconds from the kill's sending to each session's last byte, and what is left on the target after 1 s."""
    sessions = [await asyncio.to_thread(RawSession, login) for _ in range(SESSIONS)]
    for number, session in enumerate(sessions):
        KINDS[number % len(KINDS)](session)
    await asyncio.sleep(SETTLE_SECONDS)
    sent = time.monotonic()
    body = {"scope": "grant", "subject": login.grant, "reason": "benchmark"}
    killing = asyncio.create_task(asyncio.to_thread(gateway.api, "POST", "/kills", body, by="sam"))
    await asyncio.sleep(AFTER_SECONDS)
    remaining = await asyncio.to_thread(_left, server)
    await killing
    late = [max(0.0, session.last_byte - sent) * 1000 for session in sessions]
    for session in sessions:
        session.close()
    return late, remaining


def _left(server: Server) -> int:
    return int(
        server.sql(
            "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' "
            "AND usename LIKE 'safelight%' AND usename <> 'safelight_admin'"
        )
    )


def _streaming(session: RawSession) -> None:
    session.read()
    session.query(ENDLESS)


def _catching(session: RawSession) -> None:
    session.read()
    session.query("SELECT stubborn()")


def _in_transaction(session: RawSession) -> None:
    session.read()
    session.query("BEGIN")


def _pipelined(session: RawSession) -> None:
    session.read()
    session.pipeline("SELECT pg_sleep(0.05)", 400)


def _stalled(session: RawSession) -> None:
    session.query(ENDLESS)


def _held(session: RawSession) -> None:
    session.read()
    session.query("CREATE TABLE held (id int)")


KINDS = (_streaming, _catching, _in_transaction, _pipelined, _stalled, _held)


def _expiry(gateway: Gateway) -> Result:
    samples = [asyncio.run(_expire_once(gateway)) for _ in range(ROUNDS)]
    return Result("expiry_last_byte", round(max(samples), 1), "ms past the deadline", 100, "lower", samples)


async def _expire_once(gateway: Gateway) -> float:
    login = gateway.session("shop-db", seconds=EXPIRES_SECONDS)
    grants = gateway.api("GET", "/grants", by="ada")["items"]
    ends_at_ms = next(grant["ends_at_ms"] for grant in grants if grant["id"] == login.grant)
    deadline = time.monotonic() + ends_at_ms / 1000 - time.time()
    session = await asyncio.to_thread(RawSession, login)
    _streaming(session)
    await asyncio.sleep(max(0.0, deadline - time.monotonic()) + AFTER_SECONDS)
    if session.received < 1_000_000 or not session.closed.is_set():
        raise RuntimeError("the session did not stream up to its end")
    session.close()
    return round(max(0.0, (session.last_byte - deadline) * 1000), 1)
