"""A new session over TLS and SCRAM, with an ephemeral role from the warm pool, against the server itself."""

import time
from collections.abc import Callable

import psycopg

from bench.frame import Figures, Result, percentile
from tests.rig.gateway import Gateway, Target
from tests.rig.servers import Server

LOGINS = 60
PAUSE_SECONDS = 0.1
"""Between logins, so that the pool is refilled: this is the latency of a login, not the rate."""


def figures(wanted: Callable[[str], bool]) -> Figures:
    if not wanted("new_session_p95"):
        return
    with Server(15, tls=True, settings={"log_statement": "'none'"}) as server:
        server.create_database("shop")
        with Gateway([Target("shop-db", server, ("shop",))], tls=True) as gateway:
            sides = {"direct": server.dsn("shop"), "gateway": gateway.session("shop-db").dsn()}
            samples: dict[str, list[float]] = {name: [] for name in sides}
            for dsn in sides.values():
                _login_ms(dsn)
            for _ in range(LOGINS):
                for name, dsn in sides.items():
                    samples[name].append(_login_ms(dsn))
                    time.sleep(PAUSE_SECONDS)
    p95 = {name: percentile(values, 95) for name, values in samples.items()}
    value = round(p95["gateway"] - p95["direct"], 2)
    yield Result("new_session_p95", value, "ms over direct", 30, "lower", [samples], sides=p95)


def _login_ms(dsn: str) -> float:
    started = time.monotonic()
    psycopg.connect(dsn).close()
    return (time.monotonic() - started) * 1000
