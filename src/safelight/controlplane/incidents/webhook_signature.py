"""Proof that a webhook comes from its source, is fresh, and is new.

``Safelight-Timestamp`` is Unix time in seconds; ``Safelight-Signature`` is ``v1=`` and the hexadecimal HMAC-SHA256,
under the source's secret, of ``<timestamp>.<body>``. Refusals do not say which part was wrong.
"""

import hashlib
import hmac
from collections import OrderedDict

from safelight.domain.deadline import Instant

MAX_AGE_SECONDS = 300
MAX_REMEMBERED = 20_000
TIMESTAMP_HEADER = "Safelight-Timestamp"
SIGNATURE_HEADER = "Safelight-Signature"


class WebhookRefused(Exception):
    """``reason`` is for the log and the audit; the sender is told only that the message was refused."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def sign(secret: str, timestamp: int, body: bytes) -> str:
    """The value of the signature header."""
    text = f"{timestamp}.".encode() + body
    return "v1=" + hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()


class ReplayWindow:
    """Signatures seen within the time in which they would be fresh. Full means refused: never forgotten early."""

    def __init__(self, size: int = MAX_REMEMBERED) -> None:
        self._size = size
        self._seen: OrderedDict[str, int] = OrderedDict()

    def check(self, secret: str, headers: tuple[str, str], body: bytes, now: Instant) -> None:
        """Accept a message once. ``headers`` are the timestamp's and the signature's values.

        Raises:
            WebhookRefused: not signed, not fresh, or seen before.
        """
        timestamp = _timestamp(headers[0])
        if not hmac.compare_digest(sign(secret, timestamp, body).encode(), headers[1].encode()):
            raise WebhookRefused("wrong signature")
        if abs(now.wall_ms // 1000 - timestamp) > MAX_AGE_SECONDS:
            raise WebhookRefused("not fresh")
        self._remember(headers[1], now.monotonic_ms // 1000)

    def _remember(self, signature: str, now_seconds: int) -> None:
        """By the monotonic clock: setting the wall clock makes nothing forgotten."""
        while self._seen and now_seconds - next(iter(self._seen.values())) > 2 * MAX_AGE_SECONDS:
            self._seen.popitem(last=False)
        if signature in self._seen:
            raise WebhookRefused("seen before")
        if len(self._seen) >= self._size:
            raise WebhookRefused("too many messages")
        self._seen[signature] = now_seconds


def _timestamp(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 12):
        raise WebhookRefused("no timestamp")
    return int(text)
