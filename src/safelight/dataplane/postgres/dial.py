"""Opens the gateway's own connection to a target, logged in and ready."""

import asyncio
import secrets
from collections.abc import Mapping
from concurrent.futures import Executor
from functools import lru_cache

from safelight.dataplane.connection import Connection, TlsSide, drive
from safelight.dataplane.tls import client_side
from safelight.domain.errors import PeerProtocolError, TargetUnavailable
from safelight.domain.target import Target, TlsMode
from safelight.ports.target_admin import Account
from safelight.protocols.postgres import messages as m
from safelight.protocols.postgres.scram import ClientKeys
from safelight.protocols.postgres.target_login import TargetReady, TargetSecret, target_login


async def dial(
    target: Target, account: Account, parameters: Mapping[str, str], *, executor: Executor, timeout_seconds: float
) -> tuple[Connection, TargetReady]:
    """Connect and log in with ``account``; ``parameters`` is the startup packet.

    Raises:
        TargetUnavailable: unreachable, too slow, refusing, or not to be trusted with the account.
    """
    try:
        async with asyncio.timeout(timeout_seconds):
            connection = await _connect(target)
            try:
                return connection, await _log_in(connection, target, account, parameters, executor)
            except BaseException:
                connection.transport.abort()
                raise
    except TimeoutError as cause:
        raise TargetUnavailable(f"the server did not answer within {timeout_seconds:g} s") from cause
    except PeerProtocolError as cause:
        raise TargetUnavailable(f"the server broke the protocol: {cause}") from cause


async def cancel(target: Target, ready: TargetReady, *, timeout_seconds: float) -> None:
    """Ask the server to cancel what the session runs: a new connection, TLS where the target has it.

    Raises:
        TargetUnavailable: the server could not be asked.
    """
    try:
        async with asyncio.timeout(timeout_seconds):
            connection = await _connect(target)
            try:
                side = _tls(target)
                if side is not None:
                    await _upgrade(connection, side)
                connection.transport.write(m.cancel_request(ready.pid, ready.key))
                await _until_closed(connection)
            finally:
                connection.transport.abort()
    except TimeoutError as cause:
        raise TargetUnavailable("the server did not take the cancel request in time") from cause
    except PeerProtocolError as cause:
        raise TargetUnavailable(str(cause)) from cause


async def _connect(target: Target) -> Connection:
    loop = asyncio.get_running_loop()
    try:
        if target.host.startswith("/"):
            path = f"{target.host}/.s.PGSQL.{target.port}"
            _, connection = await loop.create_unix_connection(Connection, path)
        else:
            _, connection = await loop.create_connection(Connection, target.host, target.port)
    except OSError as cause:
        raise TargetUnavailable(f"the server cannot be reached ({cause.strerror or type(cause).__name__})") from cause
    return connection


async def _log_in(
    connection: Connection, target: Target, account: Account, parameters: Mapping[str, str], executor: Executor
) -> TargetReady:
    keys = account.keys
    secret = TargetSecret(
        password=account.password.reveal().encode() if account.password is not None else None,
        keys=ClientKeys(keys.client_key.reveal(), keys.server_key.reveal()) if keys is not None else None,
        salt=keys.salt if keys is not None else None,
        iterations=keys.iterations if keys is not None else None,
    )
    side = _tls(target)
    nonce = secrets.token_urlsafe(24).encode()
    login = target_login(
        parameters={"user": account.user, **parameters}, secret=secret, nonce=nonce, use_tls=side is not None
    )
    return await drive(login, connection, tls=side, executor=executor)


_client_side = lru_cache(maxsize=256)(client_side)
"""Reading a bundle of authorities takes milliseconds; a replaced file counts from the next start."""


def _tls(target: Target) -> TlsSide | None:
    return _client_side(target.host, target.tls_ca_file) if target.tls is TlsMode.VERIFY_FULL else None


async def _upgrade(connection: Connection, side: TlsSide) -> None:
    connection.transport.write(m.ssl_request())
    if await connection.read(1) != b"S":
        raise PeerProtocolError("the server offers no TLS for the cancel request")
    await connection.start_tls(side.context, server_side=False, host=side.host)


async def _until_closed(connection: Connection) -> None:
    """The server answers a cancel request by closing the connection."""
    try:
        await connection.read(1)
    except PeerProtocolError:
        return
    raise PeerProtocolError("the server answered a cancel request")
