"""A client that says what it likes: bytes on a socket, and messages as they come back."""

import secrets
import socket
import struct
import threading
import time
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Self

from safelight.domain.errors import PeerProtocolError
from safelight.protocols.postgres import messages as m
from safelight.protocols.postgres.scram import ScramClient, derive
from tests.rig.gateway import SessionLogin

TIMEOUT_SECONDS = 10.0


class Peer:
    """In clear. Reading raises EOFError where the other side has closed."""

    def __init__(self, host: str, port: int) -> None:
        self._socket = socket.create_connection((host, port), timeout=TIMEOUT_SECONDS)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.cancel_key = (0, b"")
        """Of a session: the process and the key to cancel with."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._socket.close()

    @classmethod
    def logged_in(cls, login: SessionLogin, settings: Mapping[str, str] | None = None) -> Self:
        """A session, up to its first ReadyForQuery."""
        peer = cls(login.host, login.port)
        peer.startup(user=login.user, database=login.database, **(settings or {}))
        peer.prove(login.secret)
        for kind, body in peer.messages():
            if kind == b"E":
                raise PeerProtocolError(told(body))
            if kind == b"K":
                peer.cancel_key = int.from_bytes(body[:4], "big"), body[4:]
            if kind == b"Z":
                break
        return peer

    # --- out --------------------------------------------------------------------------------------------------

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def message(self, kind: bytes, body: bytes = b"") -> None:
        self.send(m.message(kind, body))

    def startup(self, **parameters: str) -> None:
        self.send(m.startup(m.PROTOCOL_3_0, parameters))

    def send_while_reading(self, data: bytes, wanted: bytes, count: int) -> None:
        """Send all of this, reading all the while, until ``wanted`` has come so often. Raises: EOFError."""
        writer = threading.Thread(target=self._socket.sendall, args=(data,), daemon=True)
        writer.start()
        found, tail = 0, b""
        while found < count:
            part = self._socket.recv(262_144)
            if not part:
                raise EOFError
            tail += part
            found += tail.count(wanted)
            tail = tail[-len(wanted) + 1 :]
        writer.join()

    def finish_sending(self) -> None:
        """Nothing more will come from here."""
        self._socket.shutdown(socket.SHUT_WR)

    def prove(self, password: str) -> None:
        """SCRAM-SHA-256 up to AuthenticationOk. Raises: PeerProtocolError with what the other side says."""
        self._authentication(m.AUTH_SASL)
        client = ScramClient(secrets.token_urlsafe(18).encode(), endpoint=None)
        first = client.first()
        self.message(b"p", b"SCRAM-SHA-256\0" + struct.pack("!i", len(first)) + first)
        salt, iterations = client.challenge(self._authentication(m.AUTH_SASL_CONTINUE))
        self.message(b"p", client.final(derive(password.encode(), salt, iterations)))
        client.verify(self._authentication(m.AUTH_SASL_FINAL))
        self._authentication(m.AUTH_OK)

    # --- in ---------------------------------------------------------------------------------------------------

    def read(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            try:
                part = self._socket.recv(count - len(data))
            except ConnectionError:
                part = b""
            if not part:
                raise EOFError
            data += part
        return data

    def drain(self, seconds: float) -> bytes:
        """Read whatever comes in this time, or until the other side closes; the first million bytes of it."""
        kept, end = bytearray(), time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._socket.settimeout(left)
            try:
                data = self._socket.recv(262_144)
            except OSError:
                break
            if not data:
                break
            kept += data[: 1_000_000 - len(kept)]
        self._socket.settimeout(TIMEOUT_SECONDS)
        return bytes(kept)

    def next_message(self) -> tuple[bytes, bytes]:
        head = self.read(5)
        return head[:1], self.read(int.from_bytes(head[1:], "big") - 4)

    def messages(self) -> Iterator[tuple[bytes, bytes]]:
        """Until the other side closes."""
        while True:
            try:
                yield self.next_message()
            except EOFError:
                return

    def error(self) -> str:
        """Everything that comes until the next error, which is told, or until ReadyForQuery or the end (empty)."""
        for kind, body in self.messages():
            if kind == b"E":
                return told(body)
            if kind == b"Z":
                return ""
        return ""

    def until_ready(self) -> None:
        """Read up to the next ReadyForQuery."""
        for kind, _ in self.messages():
            if kind == b"Z":
                return

    def closed(self) -> bool:
        """Whether the other side closes, after whatever it still says."""
        try:
            while self._socket.recv(65536):
                pass
        except TimeoutError:
            return False
        except ConnectionError:
            return True
        return True

    def _authentication(self, wanted: int) -> bytes:
        kind, body = self.next_message()
        if kind == b"E":
            raise PeerProtocolError(told(body))
        assert kind == b"R" and int.from_bytes(body[:4], "big") == wanted, (kind, body)
        return body[4:]


def told(body: bytes) -> str:
    """An error as ``FATAL 28P01 message (Rule: …)``."""
    values = {letter: value.decode() for letter, value in m.decode_fields(body).items()}
    detail = f" ({values['D']})" if "D" in values else ""
    return f"{values['V']} {values['C']} {values['M']}{detail}"
