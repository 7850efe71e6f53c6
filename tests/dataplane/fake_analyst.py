"""A child that misbehaves as its statements tell it to. Run by test_analysts.py in place of the real one."""

import os
import struct
import sys
import time

from safelight.dataplane.analyst_frames import HEADER, FrameKind, Question, frame
from safelight.dataplane.typed_json import from_json, to_json
from safelight.protocols.postgres.analysis import Analysis


def main() -> None:
    put = sys.stdout.buffer
    put.write(frame(FrameKind.READY))
    put.flush()
    catalog = b""
    while header := sys.stdin.buffer.read(HEADER.size):
        kind, length = HEADER.unpack(header)
        body = sys.stdin.buffer.read(length)
        if kind == FrameKind.CATALOG:
            catalog = body.split(b",", 1)[0].lstrip(b"[")
        elif kind == FrameKind.CATALOG_END:
            put.write(frame(FrameKind.CATALOG_KEPT, catalog))
        elif kind == FrameKind.QUESTION:
            question = from_json(Question, body)
            put.write(answer(question, b"%d:" % question.number))
        put.flush()


def answer(question: Question, number: bytes) -> bytes:
    nothing = to_json(Analysis((), None, None, None))
    match question.text.decode():
        case "hang":
            time.sleep(60)
        case "die":
            os._exit(3)
        case "segfault":
            os.kill(os.getpid(), 11)
        case "garbage":
            return frame(FrameKind.ANALYSIS, number + b'{"not": "an analysis"}')
        case "pickle":
            return frame(FrameKind.ANALYSIS, number + b"\x80\x04K\x01.")
        case "someone else's":
            return frame(FrameKind.ANALYSIS, b"999:" + nothing)
        case "endless":
            return struct.pack(">BI", FrameKind.ANALYSIS, 2**32 - 1)
        case "unknown frame":
            return frame(FrameKind.READY, b"").replace(b"\x01", b"\x63", 1)
        case "out of turn":
            return frame(FrameKind.CATALOG_KEPT, number)
        case "failure":
            return frame(FrameKind.FAILURE, number + b"RecursionError")
        case "extended":
            assert question.extended
    return frame(FrameKind.ANALYSIS, number + nothing)


if __name__ == "__main__":
    main()
