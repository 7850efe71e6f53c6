"""The API's listeners in the data plane's loop: TCP with or without TLS, a Unix socket with mode 0600, or both.

Signals belong to the composition root: nothing here listens to them.
"""

import asyncio
import os
import socket
import ssl
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from safelight.controlplane.http_connections import bounded_http
from safelight.domain.errors import SafelightError

MAX_CONCURRENT_REQUESTS = 2048
KEEP_ALIVE_SECONDS = 30
SHUTDOWN_SECONDS = 3


class ApiListenFailed(SafelightError):
    """The API cannot listen where it was told to."""


@dataclass(frozen=True, slots=True)
class ApiAddress:
    """Where the API is reached: ``http://…``, ``https://…`` or ``unix://…``."""

    url: str


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class ApiServer:
    """``host`` None: the Unix socket only. ``tls`` None: in clear, which settings allow on loopback only."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        host: str | None,
        port: int,
        tls: ssl.SSLContext | None = None,
        unix_socket: Path | None = None,
    ) -> None:
        self._app = app
        self._host = host
        self._port = port
        self._tls = tls
        self._unix_socket = unix_socket
        self._servers: list[_Server] = []
        self._serving: list[asyncio.Task[None]] = []

    async def start(self) -> list[ApiAddress]:
        """Listen, and say where.

        Raises:
            ApiListenFailed: an address is in use, or not ours.
        """
        addresses = []
        if self._host is not None:
            listening = _tcp(self._host, self._port)
            await self._serve(listening, self._tls)
            addresses.append(_address(listening, self._host, self._tls is not None))
        if self._unix_socket is not None:
            await self._serve(_unix(self._unix_socket), None)
            addresses.append(ApiAddress(f"unix://{self._unix_socket}"))
        return addresses

    async def wait(self) -> None:
        """Until a listener has ended, for whatever reason."""
        await asyncio.wait(self._serving, return_when=asyncio.FIRST_COMPLETED)

    async def close(self) -> None:
        """Stop accepting, let running requests finish for a moment, then end them."""
        for server in self._servers:
            server.should_exit = True
        await asyncio.gather(*self._serving, return_exceptions=True)
        if self._unix_socket is not None:
            self._unix_socket.unlink(missing_ok=True)

    async def _serve(self, listening: socket.socket, tls: ssl.SSLContext | None) -> None:
        config = uvicorn.Config(
            self._app,
            lifespan="off",
            access_log=False,
            log_config=None,
            server_header=False,
            proxy_headers=False,
            http=bounded_http(),
            ws="none",
            limit_concurrency=MAX_CONCURRENT_REQUESTS,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        )
        config.load()
        config.ssl = tls
        server = _Server(config)
        task = asyncio.get_running_loop().create_task(server.serve(sockets=[listening]))
        self._servers.append(server)
        self._serving.append(task)
        while not server.started:
            if task.done():
                raise ApiListenFailed("the API could not start") from task.exception()
            await asyncio.sleep(0.005)


def _tcp(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(family, kind, protocol)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
    except OSError as error:
        raise ApiListenFailed(f"the API cannot listen on {host}:{port}: {error.strerror}") from error
    return listening


def _unix(path: Path) -> socket.socket:
    """A socket that only its owner can connect to, from the moment it exists."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    _remove_stale(path)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        listening.bind(str(path))
    except OSError as error:
        raise ApiListenFailed(f"the API cannot listen on {path}: {error.strerror}") from error
    finally:
        os.umask(before)
    return listening


def _remove_stale(path: Path) -> None:
    """A socket that nobody answers on is what a crash left; anything else is not ours to remove."""
    try:
        if not stat.S_ISSOCK(path.lstat().st_mode):
            raise ApiListenFailed(f"{path} exists and is no socket")
    except FileNotFoundError:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink(missing_ok=True)
            return
    raise ApiListenFailed(f"another process listens on {path}")


def _address(listening: socket.socket, host: str, tls: bool) -> ApiAddress:
    port = listening.getsockname()[1]
    shown = f"[{host}]" if ":" in host else host
    return ApiAddress(f"{'https' if tls else 'http'}://{shown}:{port}")
