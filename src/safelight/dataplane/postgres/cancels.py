"""Which session a client's cancel key belongs to.

The client sees the server's real process id, so that ``pg_backend_pid()`` agrees with it, and a key of the gateway's
own: the server's key never leaves (I5). A wrong key is ignored, as the server does.
"""

import asyncio
import hmac
import secrets
from collections.abc import Callable

Cancel = Callable[[], asyncio.Task[None] | None]
"""Gives what to wait for, when something has to be told to the target."""
LONG_KEY_BYTES = 32
"""Protocol 3.2 allows 4 to 256; 3.0 has exactly 4."""
SHORT_KEY_BYTES = 4


class CancelKeys:
    def __init__(self) -> None:
        self._sessions: dict[tuple[int, bytes], Cancel] = {}

    def issue(self, pid: int, minor_version: int, cancel: Cancel) -> bytes:
        """A new key for the session that runs as ``pid``; ``cancel`` is called when it comes back."""
        while True:
            key = secrets.token_bytes(LONG_KEY_BYTES if minor_version >= 2 else SHORT_KEY_BYTES)
            if (pid, key) not in self._sessions:
                self._sessions[pid, key] = cancel
                return key

    def withdraw(self, pid: int, key: bytes) -> None:
        self._sessions.pop((pid, key), None)

    async def cancel(self, pid: int, key: bytes) -> bool:
        """Whether the key named a session; returns when the target has been told, so that the cancel cannot meet what
        the client sends next. Keys of the same pid are compared in constant time."""
        for (known_pid, known_key), cancel in list(self._sessions.items()):
            if known_pid == pid and hmac.compare_digest(known_key, key):
                if (telling := cancel()) is not None:
                    await asyncio.wait([telling])
                return True
        return False
