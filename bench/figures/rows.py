"""A million rows of the sample shop, every value scanned, two columns labelled; memory while a reader stalls."""

import os
import subprocess
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import psycopg
from rich.console import Console

from bench.frame import Figures, Result, interleaved, ratio
from demo.shop.load import Size, load
from tests.rig.gateway import Gateway, SessionLogin, Target
from tests.rig.servers import Server

QUERY = (
    "SELECT o.id, o.status, o.total_cents, o.currency, o.placed_at, o.carrier, c.email, c.full_name, c.tier "
    "FROM orders o JOIN customers c ON c.id = o.customer_id"
)
LABELS = {"public.customers.email": "email", "public.customers.full_name": ("name", "redact")}
STALL_SECONDS = 30
FIVE_GB = "SELECT generate_series(1, 4900000) AS i, repeat('some text without secrets ', 40) AS words"
MIB = 1024 * 1024


def figures(wanted: Callable[[str], bool]) -> Figures:
    if not any(wanted(name) for name in ("million_rows", "stalled_reader_memory")):
        return
    with Server(18, settings={"log_statement": "'none'"}) as server:
        server.create_database("shop")
        load(server.dsn("shop"), Size(), Console(stderr=True))
        with Gateway([Target("shop-db", server, ("shop",), labels=LABELS, statement_timeout_seconds=600)]) as gateway:
            login = gateway.session("shop-db")
            if wanted("million_rows"):
                sides = {"direct": server.dsn("shop"), "gateway": login.dsn()}
                samples = interleaved({n: partial(_psql_seconds, server, d) for n, d in sides.items()})
                yield ratio("million_rows", samples, "gateway", "direct", 1.6, "lower", "psql's wall time")
            if wanted("stalled_reader_memory"):
                yield _stalled(gateway, login)


def _psql_seconds(server: Server, dsn: str) -> float:
    started = time.monotonic()
    subprocess.run(
        [server.programs / "psql", "-XAtq", "-o", os.devnull, "-d", dsn, "-c", QUERY], check=True, env=os.environ
    )
    return time.monotonic() - started


def _stalled(gateway: Gateway, login: SessionLogin) -> Result:
    """The most that the gateway's process grew above idle, while 5 GB are asked for, not read for half a minute, and
    then read to the end."""
    idle = _resident(gateway.pid)
    samples: list[float] = []
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.1):
            samples.append((_resident(gateway.pid) - idle) / MIB)

    watcher = threading.Thread(target=watch)
    watcher.start()
    connection = psycopg.connect(login.dsn(), autocommit=True)
    try:
        connection.pgconn.send_query(FIVE_GB.encode())
        time.sleep(STALL_SECONDS)
        received = _drain(connection.pgconn.socket)
    finally:
        done.set()
        watcher.join()
        connection.close()
    if received < 4.9e9:
        raise RuntimeError(f"only {received} bytes came")
    return Result(
        "stalled_reader_memory",
        round(max(samples), 1),
        "MiB above idle",
        32,
        "lower",
        [round(s, 1) for s in samples[::50]],
    )


def _drain(fd: int) -> int:
    """Read raw bytes up to ReadyForQuery: libpq would keep the whole result in its own memory."""
    os.set_blocking(fd, True)
    received, tail = 0, b""
    while not tail.endswith(b"Z\0\0\0\x05I"):
        data = os.read(fd, MIB)
        if not data:
            break
        received += len(data)
        tail = (tail + data)[-6:]
    return received


def _resident(pid: int) -> int:
    """Bytes of resident memory."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("the gateway is gone")
