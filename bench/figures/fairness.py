"""How long another session's point query takes, at p99, while a session or a server keeps the gateway busy."""

import statistics
import threading
from collections.abc import Callable

from bench.frame import Figures, Result
from safelight.protocols.postgres import messages as m
from tests.fairness.scenarios import SCENARIOS
from tests.hostile.conftest import DATABASE, LABELS, POLICY, SETTINGS, VICTIM_PASSWORD, shop_server
from tests.hostile.measuring import Beside
from tests.hostile.saying import LEAK, QUERY, columns, floods
from tests.proofs.hostile import HostileServer
from tests.proofs.peer import Peer
from tests.rig.gateway import Gateway, SessionLogin, Target

SECONDS = 4.0
ROUNDS = 3
MOST_MS = 20
MOST_TIMES_IDLE = 2
NOTE = "two cores are shared by the gateway, the server, the busy client and the client that is measured"
FLOODS: dict[str, bytes] = {
    "rows": LEAK * 1000,
    "notices": m.notice("look at this") * 1000,
    "errors": m.error("ERROR", "22012", "no") * 1000,
}


def figures(wanted: Callable[[str], bool]) -> Figures:
    busy = [name for name in SCENARIOS if wanted(f"fairness_{name}")]
    floods_wanted = [name for name in FLOODS if wanted(f"hostile_{name}")]
    if not busy and not floods_wanted:
        return
    for real in shop_server():
        server = HostileServer(real)
        for shop in shop_server():
            targets = [
                Target("hostile-db", server, (DATABASE,), labels=LABELS, account=("victim", VICTIM_PASSWORD)),
                Target("shop-db", shop, (DATABASE,), labels=LABELS),
            ]
            with Gateway(targets, settings=SETTINGS, policies=POLICY) as gateway:
                quiet = gateway.session("shop-db", by="grace")
                for name in floods_wanted:
                    yield _flood(gateway, server, quiet, name)
                for name in busy:
                    yield _fairness(gateway, quiet, name)
        server.close()


def _p99(quiet: SessionLogin, meanwhile: Callable[[], object]) -> float:
    with Beside(quiet) as beside:
        meanwhile()
    return beside.p99_ms


def _idle(quiet: SessionLogin) -> float:
    return _p99(quiet, lambda: threading.Event().wait(SECONDS))


def _fairness(gateway: Gateway, quiet: SessionLogin, name: str) -> Result:
    login = gateway.session("shop-db")
    SCENARIOS[name](login, 0.5)
    samples = [_p99(quiet, lambda: SCENARIOS[name](login, SECONDS)) for _ in range(ROUNDS)]
    sides = {"idle": _idle(quiet)}
    value = round(statistics.median(samples), 2)
    return Result(f"fairness_{name}", value, "ms at p99 of another's query", MOST_MS, "lower", samples, NOTE, sides)


def _flood(gateway: Gateway, server: HostileServer, quiet: SessionLogin, name: str) -> Result:
    oid = int(server.sql("SELECT 'customers'::regclass::oid::int", DATABASE))
    server.script = floods(b"" if name == "errors" else columns(oid), FLOODS[name], SECONDS)
    victim = gateway.session("hostile-db")

    def flooded() -> None:
        with Peer.logged_in(victim) as peer:
            peer.send(m.query(QUERY.encode()))
            peer.drain(SECONDS)

    pairs = [(_idle(quiet), _p99(quiet, flooded)) for _ in range(ROUNDS)]
    idle, busy = (statistics.median(side) for side in zip(*pairs, strict=True))
    sides = {"idle": idle, "flooded": busy}
    value = round(busy / idle, 2)
    return Result(f"hostile_{name}", value, "times the idle p99", MOST_TIMES_IDLE, "lower", [pairs], NOTE, sides)
