"""COPY data of a client: a masked value that is written back is found wherever it is cut.

The first byte says how many bytes of cuts follow, the second where a pseudonym is put into the data (0: nowhere).
"""

from functools import cache

from fuzz.parsers.playing import pieces
from safelight import _native
from safelight.protocols.postgres import messages as m
from safelight.protocols.postgres.copy_in import CopyIn

TOKEN = 7


@cache
def _masked() -> bytes:
    masker = _native.Masker(label_key=b"l" * 32, detector_key=b"d" * 32)
    return masker.pseudonym("email", b"ann@example.com")


SEEDS = (
    b"\0\0" + b"1\tone\n2\ttwo\n",
    b"\0\5" + b"1\tone\n2\ttwo\n",
    b"\1\1\3" + b"1\tone\n2\ttwo\n",
    b"\2\7\x20\2" + b"x" * 200,
)


def one_input(data: bytes) -> bool:
    count = data[0] % 8 if data else 0
    cuts, rest = data[1 : 1 + count], data[1 + count :]
    at, content = (rest[0] if rest else 0), rest[1:]
    planted = at > 0
    if planted:
        content = content[: at - 1] + b" " + _masked() + b" " + content[at - 1 :]
    copy, to_target, denials = CopyIn(), [], {}
    copy.begin(TOKEN)
    for piece in pieces(content, cuts):
        copy.handle(ord("d"), piece, to_target, denials)
    sent = b"".join(message[5:] for message in to_target if message[:1] == b"d")
    if denials:
        assert to_target[-1][:1] == b"f" and copy.token == 0
        assert _native.carries_masked(content), "refused for nothing"
        return True
    assert not planted, "a masked value went back to the target"
    assert sent == content and to_target == [m.message(b"d", piece) for piece in pieces(content, cuts)]
    return bool(content)
