"""COPY from the client: its data is looked at for masked values, which must not be written back."""

from safelight import _native
from safelight.protocols.postgres import messages as m
from safelight.protocols.postgres.deny import refusal_error
from safelight.protocols.postgres.judgement import WRITE_BACK

TAIL_BYTES = 96
"""Longest thing that masking makes, so that one cut across two CopyData messages is still seen."""
COPY_DATA = ord("d")


class CopyIn:
    """``token`` is that of the COPY that takes the client's data now; 0 when none does."""

    def __init__(self) -> None:
        self.token = 0
        self._tail = b""

    def begin(self, token: int) -> None:
        self.token, self._tail = token, b""

    def end(self) -> None:
        self.token, self._tail = 0, b""

    def handle(self, kind: int, body: bytes, to_target: list[bytes], denials: dict[int, bytes]) -> None:
        """CopyData, CopyDone or CopyFail. Outside of a COPY they are leftovers of a failed one: dropped."""
        if not self.token:
            return
        if kind != COPY_DATA:
            self.end()
        elif _native.carries_masked(self._tail + body):
            denials[self.token] = refusal_error(WRITE_BACK)
            to_target.append(m.message(b"f", b"safelight refused a masked value\0"))
            self.end()
            return
        else:
            self._tail = body[-TAIL_BYTES:] if len(body) >= TAIL_BYTES else (self._tail + body)[-TAIL_BYTES:]
        to_target.append(m.message(bytes((kind,)), body))
