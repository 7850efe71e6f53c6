"""The startup phase with a target: TLS, our settings, SCRAM with the gateway's own account.

Targets are untrusted: a server that asks for the password in clear, for too many rounds, or that does not prove that
it knows the account, is not used (I9). Settings that give later text its meaning are verified after the login.
"""

import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass

from safelight.domain.errors import PeerProtocolError, TargetUnavailable
from safelight.protocols.base.commands import Compute, Handshake, Read, Send, StartTls, TlsInfo
from safelight.protocols.postgres import messages as m
from safelight.protocols.postgres.scram import (
    MECHANISM,
    MECHANISM_PLUS,
    ClientKeys,
    ScramClient,
    derive,
)

MAX_LOGIN_MESSAGE_BYTES = 64 * 1024
MAX_LOGIN_MESSAGES = 256
MAX_LOGIN_BYTES = 256 * 1024
"""Of the whole login, notices too: what is reported is kept with the session. A PostgreSQL says some 600 bytes."""
_SQLSTATE = re.compile(rb"[0-9A-Z]{5}")
VERIFIED = {"client_encoding": "UTF8", "standard_conforming_strings": "on", "integer_datetimes": "on"}
"""What the server must report after login, or our reading of text would not be its reading."""


@dataclass(frozen=True, slots=True)
class TargetSecret:
    """What the gateway can answer a SCRAM challenge with: keys kept for ``salt`` and ``iterations``, or the
    password. Neither: the account is known to need none."""

    password: bytes | None
    keys: ClientKeys | None
    salt: bytes | None
    iterations: int | None


@dataclass(frozen=True, slots=True)
class TargetReady:
    """A logged-in server process. ``key`` is the server's own cancel key; no client ever sees it."""

    pid: int
    key: bytes
    parameters: Mapping[str, str]


def target_login(
    *, parameters: Mapping[str, str], secret: TargetSecret, nonce: bytes, use_tls: bool
) -> Handshake[TargetReady]:
    """Log in. ``parameters`` is the startup packet (user, database, settings).

    Raises:
        TargetUnavailable: the server refused (its SQLSTATE is told, its text is not), or offers too little.
        PeerProtocolError: it broke the protocol.
    """
    tls: TlsInfo | None = None
    if use_tls:
        yield Send(m.ssl_request())
        if (yield Read(1)) != b"S":
            raise TargetUnavailable("the server offers no TLS, and this target's configuration demands it")
        tls = yield StartTls()
    yield Send(m.startup(m.PROTOCOL_3_0, parameters))
    inbox = _Inbox()
    yield from _authenticate(inbox, secret, nonce, tls)
    return (yield from _until_ready(inbox))


class _Inbox:
    """The server's messages, so many and so long in all and no more: a login that goes on is a flood."""

    def __init__(self) -> None:
        self._messages_left = MAX_LOGIN_MESSAGES
        self._bytes_left = MAX_LOGIN_BYTES

    def next_message(self) -> Handshake[tuple[bytes, bytes]]:
        """The next message; notices are skipped, errors raised."""
        while True:
            head = yield Read(5)
            (length,) = struct.unpack("!i", head[1:])
            if not 4 <= length <= MAX_LOGIN_MESSAGE_BYTES:
                raise PeerProtocolError("the server sent a login message of impossible length")
            self._messages_left -= 1
            self._bytes_left -= length
            if self._messages_left < 0 or self._bytes_left < 0:
                raise PeerProtocolError("the server floods the login")
            body = yield Read(length - 4)
            kind = head[:1]
            if kind == b"E":
                raise TargetUnavailable(f"the server refused the gateway's login (SQLSTATE {_sqlstate(body)})")
            if kind != b"N":
                return kind, body


def _sqlstate(body: bytes) -> str:
    """An error's code, which is told to the client: only if it is one."""
    code = m.decode_fields(body).get("C", b"")
    return code.decode() if _SQLSTATE.fullmatch(code) else "unknown"


def _read_authentication(inbox: _Inbox) -> Handshake[tuple[int, bytes]]:
    kind, body = yield from inbox.next_message()
    if kind == b"v":
        raise PeerProtocolError("the server does not speak protocol 3.0")
    if kind != b"R" or len(body) < 4:
        raise PeerProtocolError("the server skipped authentication")
    return struct.unpack("!i", body[:4])[0], body[4:]


def _authenticate(inbox: _Inbox, secret: TargetSecret, nonce: bytes, tls: TlsInfo | None) -> Handshake[None]:
    code, payload = yield from _read_authentication(inbox)
    has_secret = secret.password is not None or secret.keys is not None
    if code == m.AUTH_OK:
        if has_secret:
            raise TargetUnavailable(
                "the server lets the account in without its password (trust); use scram-sha-256 in pg_hba.conf"
            )
        return
    if code != m.AUTH_SASL:
        raise TargetUnavailable("the server asks for a password in a form that would give it away; use scram-sha-256")
    if not has_secret:
        raise TargetUnavailable("the server asks for a password and this target's account has none configured")
    offered = payload.split(b"\0")
    plus = tls is not None and MECHANISM_PLUS.encode() in offered
    if not plus and MECHANISM.encode() not in offered:
        raise TargetUnavailable("the server offers no SCRAM-SHA-256")
    client = ScramClient(nonce, endpoint=tls.endpoint if plus and tls else None)
    first = client.first()
    name = (MECHANISM_PLUS if plus else MECHANISM).encode()
    yield Send(m.message(b"p", name + b"\0" + struct.pack("!i", len(first)) + first))
    code, payload = yield from _read_authentication(inbox)
    if code != m.AUTH_SASL_CONTINUE:
        raise PeerProtocolError("the server broke off SCRAM")
    salt, iterations = client.challenge(payload)
    keys = yield from _keys(secret, salt, iterations)
    yield Send(m.message(b"p", client.final(keys)))
    code, payload = yield from _read_authentication(inbox)
    if code != m.AUTH_SASL_FINAL:
        raise PeerProtocolError("the server sent no SCRAM signature")
    client.verify(payload)
    code, _ = yield from _read_authentication(inbox)
    if code != m.AUTH_OK:
        raise PeerProtocolError("the server did not confirm the login")


def _keys(secret: TargetSecret, salt: bytes, iterations: int) -> Handshake[ClientKeys]:
    if secret.keys is not None and (salt, iterations) == (secret.salt, secret.iterations):
        return secret.keys
    if secret.password is None:
        raise TargetUnavailable("the account's password on the server is not the one the gateway set")
    keys: ClientKeys = yield Compute(derive, (secret.password, salt, iterations))
    return keys


def _until_ready(inbox: _Inbox) -> Handshake[TargetReady]:
    pid, key = 0, b""
    parameters: dict[str, str] = {}
    while True:
        kind, body = yield from inbox.next_message()
        if kind == b"S":
            name, _, value = body[:-1].partition(b"\0")
            parameters[name.decode("utf-8", "replace")] = value.decode("utf-8", "replace")
        elif kind == b"K" and 8 <= len(body) <= 260:
            pid, key = struct.unpack("!i", body[:4])[0], body[4:]
        elif kind == b"Z":
            for name_, wanted in VERIFIED.items():
                if parameters.get(name_) != wanted:
                    raise TargetUnavailable(f"the server does not keep {name_} at {wanted}")
            return TargetReady(pid, key, parameters)
        else:
            raise PeerProtocolError("the server sent something out of place during login")
