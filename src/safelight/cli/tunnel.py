"""``connect --tunnel``: a local socket that needs no password, for clients that take no short-lived credential.

The socket lies in a directory of mode 0700 and has mode 0600: only its owner reaches it, and nothing listens on a
network. Towards the gateway each connection is TLS with a verified certificate and SCRAM-SHA-256, like that of any
client; user and database of the local client are replaced by the credential's and the target's. After the login bytes
are copied, and nothing is read from them.
"""

import asyncio
import os
import secrets
import ssl
import struct
import tempfile
from contextlib import suppress
from pathlib import Path

from safelight.cli.output import say
from safelight.cli.postgres_environment import Connection
from safelight.domain.errors import PeerProtocolError
from safelight.protocols.postgres import messages as m
from safelight.protocols.postgres.scram import MECHANISM, ScramClient, derive

CANCEL_REQUEST, SSL_REQUEST, GSS_REQUEST = 80877102, 80877103, 80877104
MAX_LOGIN_BYTES = 64 * 1024
MAX_LOGIN_MESSAGES = 256
COPY_BYTES = 256 * 1024
SOCKET_NAME = ".s.PGSQL.5432"

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class GatewayRefused(Exception):
    """The gateway ended the login; ``error`` is its own message for the client."""

    def __init__(self, error: bytes) -> None:
        super().__init__("the gateway refused the login")
        self.error = error


def run_tunnel(place: Connection) -> None:
    """Offer the socket until Ctrl-C."""
    with tempfile.TemporaryDirectory(prefix="safelight-") as directory:
        say(f'psql "host={directory} dbname={place.database}"')
        say("the socket is yours alone; Ctrl-C closes it and everything on it")
        with suppress(KeyboardInterrupt):
            asyncio.run(serve(place, Path(directory)))


async def serve(place: Connection, directory: Path, ready: asyncio.Event | None = None) -> None:
    """Listen in ``directory`` until cancelled."""

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await _carry(place, (reader, writer))
        except asyncio.CancelledError:
            return  # the tunnel is closing; raising would only be reported as a failure of this connection
        except (OSError, asyncio.IncompleteReadError, PeerProtocolError) as error:
            say(f"a connection ended: {error}")
            with suppress(OSError):
                writer.write(m.error("FATAL", "08006", f"safelight tunnel: {error}"))
                await writer.drain()
        finally:
            writer.close()

    before = os.umask(0o177)
    try:
        server = await asyncio.start_unix_server(accept, directory / SOCKET_NAME, limit=COPY_BYTES)
    finally:
        os.umask(before)
    if ready is not None:
        ready.set()
    async with server:
        await server.serve_forever()


async def _carry(place: Connection, client: Streams) -> None:
    """One local connection, from its first byte to its last."""
    packet = await _startup(client)
    (code,) = struct.unpack_from("!i", packet)
    gateway = await _dial(place)
    try:
        if code == CANCEL_REQUEST:
            gateway[1].write(m.untyped(packet))
            await gateway[1].drain()
            return
        asked = m.decode_pairs(packet[4:])
        asked |= {"user": place.user, "database": place.database}
        gateway[1].write(m.startup(code, asked))
        await _log_in(place.password, gateway, client[1])
        await _both_ways(client, gateway)
    except GatewayRefused as refusal:
        client[1].write(refusal.error)
        await client[1].drain()
    finally:
        gateway[1].close()


async def _startup(client: Streams) -> bytes:
    """The startup or cancel packet without its length; requests for encryption are declined: this is no network."""
    reader, writer = client
    for _ in range(3):
        (length,) = struct.unpack("!i", await reader.readexactly(4))
        if not 8 <= length <= MAX_LOGIN_BYTES:
            raise PeerProtocolError("the client sent no startup packet")
        packet = await reader.readexactly(length - 4)
        if struct.unpack_from("!i", packet)[0] not in (SSL_REQUEST, GSS_REQUEST):
            return packet
        writer.write(b"N")
        await writer.drain()
    raise PeerProtocolError("the client keeps asking for encryption")


async def _dial(place: Connection) -> Streams:
    """A connection to the gateway under TLS, its certificate checked against its own authority."""
    context = ssl.create_default_context(cafile=str(place.ca_file))
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    reader, writer = await asyncio.open_connection(place.host, place.port, limit=COPY_BYTES)
    writer.write(m.ssl_request())
    if await reader.readexactly(1) != b"S":
        writer.close()
        raise PeerProtocolError("the gateway offers no TLS")
    await writer.start_tls(context, server_hostname=place.host)
    return reader, writer


async def _log_in(password: str, gateway: Streams, client: asyncio.StreamWriter) -> None:
    """SCRAM with the gateway; the client gets AuthenticationOk and whatever else concerns it.

    Raises:
        GatewayRefused: with the gateway's message.
    """
    scram = ScramClient(secrets.token_urlsafe(24).encode(), endpoint=None)
    proven = False
    for _ in range(MAX_LOGIN_MESSAGES):
        kind, body = await _message(gateway[0])
        if kind == b"E":
            raise GatewayRefused(m.message(kind, body))
        if kind in (b"N", b"v"):
            client.write(m.message(kind, body))
            continue
        if kind != b"R" or len(body) < 4:
            raise PeerProtocolError("the gateway skipped the login")
        (code,) = struct.unpack_from("!i", body)
        if code == m.AUTH_OK and proven:
            client.write(m.authentication(m.AUTH_OK))
            await client.drain()
            return
        proven = _answer(scram, code, body[4:], password, gateway[1])
        await gateway[1].drain()
    raise PeerProtocolError("the gateway floods the login")


def _answer(scram: ScramClient, code: int, payload: bytes, password: str, gateway: asyncio.StreamWriter) -> bool:
    """Answer one step; whether the gateway has now proven that it knows the credential."""
    if code == m.AUTH_SASL and MECHANISM.encode() in payload.split(b"\0"):
        first = scram.first()
        gateway.write(m.message(b"p", MECHANISM.encode() + b"\0" + struct.pack("!i", len(first)) + first))
        return False
    if code == m.AUTH_SASL_CONTINUE:
        salt, iterations = scram.challenge(payload)
        gateway.write(m.message(b"p", scram.final(derive(password.encode(), salt, iterations))))
        return False
    if code == m.AUTH_SASL_FINAL:
        scram.verify(payload)
        return True
    raise PeerProtocolError("the gateway asks for something else than SCRAM-SHA-256")


async def _message(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    head = await reader.readexactly(5)
    (length,) = struct.unpack("!i", head[1:])
    if not 4 <= length <= MAX_LOGIN_BYTES:
        raise PeerProtocolError("the gateway sent a message of impossible length")
    return head[:1], await reader.readexactly(length - 4)


async def _both_ways(client: Streams, gateway: Streams) -> None:
    """Copy until either side ends; a side that does not read stops the other (back-pressure by drain)."""

    async def copy(source: asyncio.StreamReader, destination: asyncio.StreamWriter) -> None:
        while data := await source.read(COPY_BYTES):
            destination.write(data)
            await destination.drain()

    ways = [
        asyncio.ensure_future(copy(client[0], gateway[1])),
        asyncio.ensure_future(copy(gateway[0], client[1])),
    ]
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
