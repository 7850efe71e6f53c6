"""A webhook: timestamp, signature and body, each on a line of its own. The body is also read as if it were signed."""

import json

from pydantic import ValidationError

from safelight.controlplane.incidents.schemas import WebhookBody
from safelight.controlplane.incidents.webhook_signature import ReplayWindow, WebhookRefused, sign
from safelight.domain.deadline import Instant

WORD, NOW = "the source's word", Instant(wall_ms=1_700_000_000_000, monotonic_ms=5_000_000, boot="a")
_OPENED = json.dumps({"action": "open", "id": "7", "title": "down", "service": "shop", "opener": "pager"}).encode()
_CLOSED = b'{"action":"close","id":"7"}'


def _signed(body: bytes, timestamp: int = 1_700_000_000) -> bytes:
    return b"%d\n%b\n%b" % (timestamp, sign(WORD, timestamp, body).encode(), body)


SEEDS = (
    _signed(_OPENED),
    _signed(_CLOSED, 1_700_000_300),
    _signed(_CLOSED, 1_600_000_000),
    b"1700000000\nv1=00\n" + _OPENED,
    b"\n\n" + b'{"id":' * 500,
    b'-1\nv2=\n{"action":"open","id":"\\ud800"}',
    b'1\n\n{"action":"open","id":"7","id":"8","title":1e999}',
)


def one_input(data: bytes) -> bool:
    timestamp, _, rest = data.partition(b"\n")
    signature, _, body = rest.partition(b"\n")
    # Headers reach an application as Latin-1 (ASGI).
    headers = (timestamp.decode("latin-1"), signature.decode("latin-1"))
    try:
        ReplayWindow().check(WORD, headers, body, NOW)
        signed = True
    except WebhookRefused:
        signed = False
    try:
        said = WebhookBody.model_validate_json(body)
    except ValidationError:
        return False
    assert 1 <= len(said.id) <= 64 and len(said.title) <= 300
    return signed
