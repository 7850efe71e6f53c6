"""The child process that reads SQL: frames on stdin, analyses on stdout, nothing else.

It runs hostile text through a parser written in C, so it is given nothing to lose: no secrets, no inherited files,
an empty environment, no root, limits on memory and time, and it opens, writes and starts nothing once it is ready.
Whatever goes wrong in it ends it, or is told as a failure without the text; the gateway (analysts.py) refuses the
statement and starts another.

Run as ``python -I -m safelight.dataplane.analyst_child MEMORY_MIB``.
"""

import os
import resource
import sys
from dataclasses import replace
from typing import BinaryIO

from safelight.dataplane.analyst_frames import (
    HEADER,
    MAX_FRAME_BYTES,
    FrameKind,
    Question,
    frame,
    read_catalog_head,
    read_catalog_part,
)
from safelight.dataplane.typed_json import from_json, to_json
from safelight.protocols.postgres.catalog import Catalog, CatalogRelation
from safelight.protocols.postgres.sql.analyse import analyse

CPU_SECONDS_PER_FRAME = 20
NOBODY = 65534
MAX_DESCRIPTORS = 1 << 20


class Analyst:
    """What the child knows: the catalogs it was sent, by number."""

    def __init__(self) -> None:
        self._catalogs: dict[int, Catalog] = {}
        self._arriving: tuple[int, Catalog] | None = None
        self._relations: list[CatalogRelation] = []

    def answer(self, kind: FrameKind, body: bytes) -> bytes:
        """The frame that answers one of the gateway's, empty when it needs none."""
        match kind:
            case FrameKind.QUESTION:
                return self._analyse(from_json(Question, body))
            case FrameKind.CATALOG:
                head = read_catalog_head(body)
                self._arriving, self._relations = (head.number, head.catalog), []
                return b""
            case FrameKind.RELATIONS:
                self._relations.extend(read_catalog_part(body).relations)
                return b""
            case FrameKind.CATALOG_END:
                if self._arriving is None:
                    raise ValueError("the end of a catalog that did not begin")
                number, catalog = self._arriving
                self._catalogs[number] = replace(catalog, relations=tuple(self._relations))
                self._arriving, self._relations = None, []
                return frame(FrameKind.CATALOG_KEPT, b"%d" % number)
            case FrameKind.FORGET:
                del self._catalogs[int(body)]
                return b""
            case _:
                raise ValueError(f"a frame of kind {kind} is not for the child")

    def _analyse(self, question: Question) -> bytes:
        """The analysis, after the question's number; or the kind of error, never its text, which may quote values."""
        number = b"%d:" % question.number
        try:
            found = analyse(question.text, self._catalogs[question.catalog], extended=question.extended)
            return frame(FrameKind.ANALYSIS, number + to_json(found))
        except Exception as error:  # noqa: BLE001 - this is the boundary: the gateway refuses the statement
            return frame(FrameKind.FAILURE, number + type(error).__name__.encode())


def warm_up() -> None:
    """Load everything that reading needs while files can still be opened."""
    empty = Catalog(
        version="",
        target="",
        database="",
        server_version_num=180000,
        relations=(),
        functions=frozenset(),
        trusted_functions=frozenset(),
        operators=frozenset(),
        trusted_operators=frozenset(),
        types=frozenset(),
        labels={},
        opaque=frozenset(),
        search_path=(),
    )
    for text in (b"SELECT now()::text, 1 + 1 FROM pg_class WHERE relname = 'a'", b"SET work_mem = '1MB'", b"SELEC"):
        to_json(analyse(text, empty, extended=False))


def confine(memory_bytes: int) -> None:
    """Take away what the child does not need. CPU time is limited anew for each frame (:func:`allow_cpu`)."""
    if os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    for nothing in (resource.RLIMIT_CORE, resource.RLIMIT_FSIZE, resource.RLIMIT_NOFILE, resource.RLIMIT_NPROC):
        resource.setrlimit(nothing, (0, 0))


def allow_cpu(seconds: int) -> None:
    """Let the process use ``seconds`` of CPU time from now on; the kernel ends it afterwards."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(used.ru_utime + used.ru_stime) + seconds + 1
    resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.RLIM_INFINITY))


def serve(source: BinaryIO, sink: BinaryIO) -> None:
    """Answer frames until the gateway closes the pipe."""
    analyst = Analyst()
    sink.write(frame(FrameKind.READY))
    sink.flush()
    while header := source.read(HEADER.size):
        kind, length = HEADER.unpack(header)
        if length > MAX_FRAME_BYTES:
            raise ValueError("a frame is too long")
        body = source.read(length)
        if len(body) != length:
            return
        allow_cpu(CPU_SECONDS_PER_FRAME)
        if reply := analyst.answer(FrameKind(kind), body):
            sink.write(reply)
            sink.flush()


def main() -> None:
    """Serve on the pipes that the gateway gave us. Anything printed by accident goes nowhere."""
    os.closerange(3, MAX_DESCRIPTORS)  # not every event loop's subprocesses start without the parent's files
    sink = os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)
    warm_up()
    confine(int(sys.argv[1]) * 1024 * 1024)
    serve(sys.stdin.buffer, sink)


if __name__ == "__main__":
    main()
