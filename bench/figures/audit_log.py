"""What a statement's two audit records cost the data plane, and how fast intents become durable together."""

import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bench.frame import Figures, Result
from safelight.adapters.audit_directory import verifier_key_of
from safelight.adapters.audit_exporting import ExportOrder, export
from safelight.adapters.audit_files import AuditFiles
from safelight.audit.canonical import inside_of
from safelight.audit.verifier import verify
from safelight.domain.audit_event import AuditEvent, EventKind

ROUNDS = 5
STATEMENTS = 20_000
PER_WRITE = 8
WAITERS = 64
TEXT = b"SELECT abalance FROM pgbench_accounts WHERE aid = 12345;"
INTENT_FIELDS = inside_of({"capabilities": ["read"], "form": "select", "relations": ["public.pgbench_accounts"]})
STARTED = AuditEvent(EventKind.SESSION_STARTED, 0, "oncall", "s1", {"target": "orders-db", "grant": "g1"})


class _Clock:
    def wall_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def monotonic_ms(self) -> int:
        return time.monotonic_ns() // 1_000_000


def figures(wanted: Callable[[str], bool]) -> Figures:
    with tempfile.TemporaryDirectory(dir=".") as directory:
        if wanted("audit_statement_cpu"):
            samples = [asyncio.run(_statements(Path(directory) / f"cpu{number}")) for number in range(ROUNDS)]
            yield Result(
                "audit_statement_cpu",
                round(statistics.median(samples), 2),
                "µs a statement: intent and outcome, sealed, hashed, written",
                10,
                "lower",
                [round(sample, 2) for sample in samples],
                f"{PER_WRITE} statements a write; processor time of the event loop",
            )
        if wanted("audit_durable"):
            samples = [asyncio.run(_durable(Path(directory) / f"durable{number}")) for number in range(ROUNDS)]
            yield Result(
                "audit_durable",
                round(statistics.median(samples)),
                f"fsynced intents a second, {WAITERS} sessions waiting at a time",
                5_000,
                "higher",
                [round(sample) for sample in samples],
                "the disk decides",
            )
        if wanted("audit_verify"):
            samples = [asyncio.run(_verify(Path(directory) / f"verify{number}")) for number in range(3)]
            yield Result(
                "audit_verify",
                round(statistics.median(samples)),
                "records verified a second",
                20_000,
                "higher",
                [round(sample) for sample in samples],
            )


async def _open(directory: Path) -> AuditFiles:
    log = AuditFiles.open(
        directory,
        origin="bench/audit",
        signing_key=Ed25519PrivateKey.generate(),
        node_key=os.urandom(32),
        clock=_Clock(),
    )
    await log.start()
    log.append(STARTED)
    return log


def _append(log: AuditFiles, count: int) -> int:
    outcome = -1
    for _ in range(count):
        intent = log.append_statement("s1", "statement.intent", 1_790_000_000_000, INTENT_FIELDS, TEXT)
        outcome = log.append_outcome("s1", 1_790_000_000_000, intent, "ok", 1, 120, 812)
    return outcome


async def _statements(directory: Path) -> float:
    log = await _open(directory)
    spent = time.thread_time()
    for number in range(STATEMENTS // PER_WRITE):
        _append(log, PER_WRITE)
        log.flush()
        if number % 50 == 0:
            await asyncio.sleep(0)
    spent = time.thread_time() - spent
    await log.close()
    return spent / STATEMENTS * 1e6


async def _durable(directory: Path) -> float:
    log = await _open(directory)

    async def session() -> None:
        for _ in range(50):
            await log.durable(log.append_statement("s1", "statement.intent", 1_790_000_000_000, INTENT_FIELDS, TEXT))

    began = time.perf_counter()
    await asyncio.gather(*(session() for _ in range(WAITERS)))
    spent = time.perf_counter() - began
    await log.close()
    return WAITERS * 50 / spent


async def _verify(directory: Path) -> float:
    log = await _open(directory)
    _append(log, STATEMENTS)
    note = await log.checkpoint()
    await log.close()
    written = directory.with_suffix(".export")
    export(directory, written, ExportOrder("bench/audit", log.status().size, note, None), None)
    began = time.perf_counter()
    report = verify(written, verifier_key_of(directory), note)
    spent = time.perf_counter() - began
    assert report.ok, report.problems
    return report.size / spent
