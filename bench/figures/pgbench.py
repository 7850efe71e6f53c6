"""pgbench -S: throughput at 8 clients, latency at 1, in clear and over TLS, with policy, masking and audit on."""

import os
import re
import statistics
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from bench.frame import Figures, difference, interleaved, ratio
from tests.rig.gateway import Gateway, Target
from tests.rig.pgbouncer import PgBouncer
from tests.rig.servers import Server

SCALE = 10
SECONDS = 5
CLIENTS = 8


def figures(wanted: Callable[[str], bool]) -> Figures:
    if any(wanted(name) for name in ("pgbench_select_8", "pgbench_select_1_median")):
        yield from _in_clear(wanted)
    if wanted("pgbench_select_8_tls"):
        yield from _over_tls()


def _in_clear(wanted: Callable[[str], bool]) -> Figures:
    with _bench(18, tls=False) as (server, gateway_dsn):
        direct = server.dsn("bench")
        with PgBouncer(server, "bench", server.superuser, server.password) as bouncer:
            sides = {"direct": direct, "gateway": gateway_dsn, "pgbouncer": bouncer.dsn()}
            if wanted("pgbench_select_8"):
                samples = interleaved({n: partial(_tps, server, d, CLIENTS) for n, d in sides.items()})
                yield ratio("pgbench_select_8", samples, "gateway", "direct", 0.50, "higher")
            if wanted("pgbench_select_1_median"):
                samples = interleaved({n: partial(_median_ms, server, d) for n, d in sides.items()})
                yield difference(
                    "pgbench_select_1_median", samples, "gateway", "pgbouncer", "ms over PgBouncer", 0.08
                )


def _over_tls() -> Figures:
    with _bench(15, tls=True) as (server, gateway_dsn):
        sides = {"direct": server.dsn("bench"), "gateway": gateway_dsn}
        samples = interleaved({n: partial(_tps, server, d, CLIENTS) for n, d in sides.items()})
        yield ratio("pgbench_select_8_tls", samples, "gateway", "direct", 0.45, "higher")


@contextmanager
def _bench(major: int, *, tls: bool) -> Iterator[tuple[Server, str]]:
    """A server with pgbench's tables, a gateway in front of it, and a connection string through it. One column
    carries a label, so that no statement escapes the check of origins."""
    with Server(major, tls=tls, settings={"log_statement": "'none'"}) as server:
        server.create_database("bench")
        server.run("pgbench", "-i", "-q", "-s", str(SCALE), server.dsn("bench"))
        target = Target("bench-db", server, ("bench",), labels={"public.pgbench_accounts.filler": "filler"})
        with Gateway([target], tls=tls) as gateway:
            yield server, gateway.session("bench-db", capabilities=("read",)).dsn()


def _pgbench(server: Server, dsn: str, *arguments: str, seconds: int = SECONDS) -> str:
    done = subprocess.run(
        [server.programs / "pgbench", "-n", "-S", "-T", str(seconds), *arguments, dsn],
        capture_output=True,
        text=True,
        check=False,
        cwd=tempfile.gettempdir(),
        env={**os.environ, "LC_ALL": "C"},
    )
    if done.returncode != 0:
        raise RuntimeError(f"pgbench: {done.stderr.strip()[-500:]}")
    return done.stdout


def _tps(server: Server, dsn: str, clients: int) -> float:
    told = re.search(r"tps = ([\d.]+)", _pgbench(server, dsn, "-c", str(clients), "-j", "1"))
    assert told is not None
    return float(told[1])


def _median_ms(server: Server, dsn: str) -> float:
    """The median latency of one client, from pgbench's own log of every transaction (third column, µs)."""
    with tempfile.TemporaryDirectory() as directory:
        _pgbench(server, dsn, "-c", "1", "-l", f"--log-prefix={directory}/log")
        lines = [line for file in Path(directory).iterdir() for line in file.read_text().splitlines()]
    return statistics.median(float(line.split()[2]) for line in lines) / 1000
