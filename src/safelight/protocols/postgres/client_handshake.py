"""The startup phase with a client: TLS, protocol version, SCRAM. It ends in a login, a cancel, or an error.

PostgreSQL documentation, "Message Flow: Start-up", "SSL Session Encryption", "SASL Authentication". The user name
carries the credential (``oncall.k7f3``), so there is exactly one verifier to try; for an unknown user the exchange
runs against a mock one and fails the same way, after the same work.
"""

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from safelight.domain.errors import Denied, PeerProtocolError, Refusal
from safelight.protocols.base.commands import Handshake, Read, Send, StartTls, TlsInfo
from safelight.protocols.postgres import messages as m
from safelight.protocols.postgres.deny import refusal_error
from safelight.protocols.postgres.scram import MECHANISM, MECHANISM_PLUS, ScramServer, Verifier

MAX_STARTUP_BYTES = 10_000
MAX_SASL_BYTES = 2_048
MAX_CANCEL_KEY_BYTES = 256
TLS_ACCEPT, TLS_REFUSE = b"S", b"N"
TLS_RECORD = b"\x16"
"""A first byte of TLS (RFC 8446 §5.1: handshake); no startup packet is long enough to begin with it."""
ALPN = "postgresql"


@dataclass(frozen=True, slots=True)
class FindVerifier:
    """Result: the verifier of this user's credential, or a mock one. ``user`` is as in the startup packet."""

    user: str


@dataclass(frozen=True, slots=True)
class Login:
    """A client has proved a credential. Nothing of the target has been touched yet.

    ``settings`` are startup parameters on the closed list, with ``options`` taken apart.
    """

    user: str
    database: str
    application_name: str
    settings: Mapping[str, str]
    minor_version: int
    over_tls: bool


@dataclass(frozen=True, slots=True)
class Cancel:
    """A CancelRequest; ``key`` is the gateway's own."""

    pid: int
    key: bytes


@dataclass(frozen=True, slots=True)
class WrongPassword:
    """The exchange failed. The client has been told; ``user`` goes on the audit log."""

    user: str


CheckSetting = Callable[[str, str], Refusal | None]


def client_handshake(
    *, tls_offered: bool, tls_required: bool, nonce: bytes, check_setting: CheckSetting
) -> Handshake[Login | Cancel | WrongPassword]:
    """See the module. ``nonce`` is fresh base64 text of at least 18 random bytes.

    Raises:
        PeerProtocolError: garbage, half messages, lying lengths; where possible the client has been told.
        Denied: understood and refused; the client has been told.
    """
    try:
        return (yield from _startup(tls_offered, tls_required, nonce, check_setting))
    except Denied as denial:
        yield Send(refusal_error(denial.refusal, severity="FATAL", sqlstate="28000"))
        raise
    except PeerProtocolError as problem:
        yield Send(m.error("FATAL", "08P01", f"protocol violation: {problem}"))
        raise


def _startup(
    tls_offered: bool, tls_required: bool, nonce: bytes, check_setting: CheckSetting
) -> Handshake[Login | Cancel | WrongPassword]:
    head: bytes = yield Read(4)
    tls: TlsInfo | None = None
    asked_gss = asked_tls = False
    if tls_offered and head[:1] == TLS_RECORD:
        tls = yield from _direct_tls(head)
        asked_tls = True
        head = yield Read(4)
    while True:
        code, body = yield from _read_untyped(head)
        if code == m.GSSENC_REQUEST and not asked_gss and tls is None and not body:
            asked_gss = True
            yield Send(TLS_REFUSE)
        elif code == m.SSL_REQUEST and not asked_tls and not body:
            asked_tls = True
            yield Send(TLS_ACCEPT if tls_offered else TLS_REFUSE)
            if tls_offered:
                tls = yield StartTls()
        elif code == m.CANCEL_REQUEST:
            if not 8 <= len(body) <= 4 + MAX_CANCEL_KEY_BYTES:
                raise PeerProtocolError("a cancel request of impossible length")
            return Cancel(struct.unpack("!i", body[:4])[0], body[4:])
        elif code >> 16 == 3:
            break
        else:
            raise PeerProtocolError(f"unsupported startup code {code >> 16}.{code & 0xFFFF}")
        head = yield Read(4)
    if tls_required and tls is None:
        raise Denied(
            Refusal("connection.tls", "this gateway accepts TLS connections only", "connect with sslmode=require")
        )
    login = yield from _negotiate(code & 0xFFFF, body, tls is not None, check_setting)
    authenticated = yield from _authenticate(login.user, nonce, tls)
    return login if authenticated else WrongPassword(login.user)


def _direct_tls(begun: bytes) -> Handshake[TlsInfo]:
    """TLS from the first byte on. Without ALPN the client could have meant another protocol (ALPACA)."""
    tls: TlsInfo = yield StartTls(begun)
    if tls.alpn != ALPN:
        raise PeerProtocolError("direct TLS without the ALPN protocol postgresql")
    return tls


def _read_untyped(head: bytes) -> Handshake[tuple[int, bytes]]:
    (length,) = struct.unpack("!i", head)
    if not 8 <= length <= MAX_STARTUP_BYTES:
        raise PeerProtocolError(f"a startup packet of {length} bytes")
    body = yield Read(length - 4)
    return struct.unpack("!i", body[:4])[0], body[4:]


def _negotiate(minor: int, body: bytes, over_tls: bool, check_setting: CheckSetting) -> Handshake[Login]:
    parameters = m.decode_pairs(body)
    unknown = [name for name in parameters if name.startswith("_pq_.")]
    agreed = 2 if minor >= 2 else 0
    if minor not in (0, 2) or unknown:
        yield Send(m.negotiate_protocol_version(agreed, unknown))
    user = parameters.pop("user", "")
    if not user or len(user) > 128:
        raise PeerProtocolError("no PostgreSQL user name specified in startup packet")
    database = parameters.pop("database", user)
    if parameters.pop("replication", "false").lower() not in ("false", "off", "no", "0"):
        raise Denied(
            Refusal(
                "postgres.replication",
                "replication connections are not carried by the gateway",
                "connect without replication; ask for the capability export and use COPY",
            )
        )
    settings = {k: v for k, v in parameters.items() if not k.startswith("_pq_.")}
    settings |= _options(settings.pop("options", ""))
    name = settings.pop("application_name", settings.pop("fallback_application_name", ""))
    for setting, value in settings.items():
        if (refusal := check_setting(setting, value)) is not None:
            raise Denied(refusal)
    return Login(user, database, _printable(name), settings, agreed, over_tls)


def _printable(name: str) -> str:
    """PostgreSQL keeps 63 bytes of application_name and replaces what is not printable ASCII."""
    return "".join(c if " " <= c <= "~" else "?" for c in name)[:63]


def _options(text: str) -> dict[str, str]:
    """``options``: ``-c name=value``, ``-cname=value`` and ``--name=value``; backslash escapes a blank.

    Raises:
        Denied: anything else, such as a server's debugging switch.
    """
    words = _words(text)
    found: dict[str, str] = {}
    while words:
        word = words.pop(0)
        if word == "-c" and words:
            word = words.pop(0)
        elif (word.startswith("-c") and len(word) > 2) or word.startswith("--"):
            word = word[2:]
        else:
            word = ""
        name, separator, value = word.partition("=")
        if not name or not separator:
            raise Denied(
                Refusal(
                    "postgres.options",
                    "the startup parameter options holds something else than settings",
                    "use options='-c name=value'",
                )
            )
        found[name.replace("-", "_")] = value
    return found


def _words(text: str) -> list[str]:
    words: list[str] = []
    current: str | None = None
    escaped = False
    for character in text:
        if escaped:
            current = (current or "") + character
            escaped = False
        elif character == "\\":
            escaped = True
        elif character.isspace():
            if current is not None:
                words.append(current)
            current = None
        else:
            current = (current or "") + character
    return [*words, current] if current is not None else words


def _authenticate(user: str, nonce: bytes, tls: TlsInfo | None) -> Handshake[bool]:
    offered = [MECHANISM_PLUS, MECHANISM] if tls else [MECHANISM]
    yield Send(m.authentication(m.AUTH_SASL, b"".join(x.encode() + b"\0" for x in offered) + b"\0"))
    mechanism, first = _sasl_initial((yield from _read_sasl()))
    if mechanism not in offered:
        raise PeerProtocolError("the client chose a SASL mechanism that was not offered")
    verifier: Verifier = yield FindVerifier(user)
    endpoint = tls.endpoint if tls else None
    server = ScramServer(verifier, nonce, plus=mechanism == MECHANISM_PLUS, endpoint=endpoint)
    yield Send(m.authentication(m.AUTH_SASL_CONTINUE, server.first(first)))
    final = server.final((yield from _read_sasl()))
    if final is None:
        yield Send(m.error("FATAL", "28P01", f'password authentication failed for user "{user}"'))
        return False
    yield Send(m.authentication(m.AUTH_SASL_FINAL, final))
    return True


def _read_sasl() -> Handshake[bytes]:
    head = yield Read(5)
    (length,) = struct.unpack("!i", head[1:])
    if head[:1] != b"p" or not 5 <= length <= MAX_SASL_BYTES:
        raise PeerProtocolError("expected a SASL response")
    body: bytes = yield Read(length - 4)
    return body


def _sasl_initial(body: bytes) -> tuple[str, bytes]:
    name, separator, rest = body.partition(b"\0")
    if not separator or len(rest) < 4 or struct.unpack("!i", rest[:4])[0] != len(rest) - 4:
        raise PeerProtocolError("a SASL initial response with a lying length")
    return name.decode("ascii", "replace"), rest[4:]
