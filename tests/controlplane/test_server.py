"""The API's listeners: TLS, and a Unix socket that only its owner can use."""

import asyncio
import socket
import ssl
import stat
from collections.abc import Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvloop

from safelight.adapters import keys
from safelight.controlplane.server import ApiListenFailed, ApiServer
from safelight.dataplane.tls import server_side


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Says the scheme that a request came by."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": scope["scheme"].encode()})


def run(work: Coroutine[Any, Any, Any]) -> Any:
    """On uvloop, as the node runs."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work)


async def ask(url: str, **options: Any) -> str:
    async with httpx.AsyncClient(**options) as client:
        return (await client.get(url)).text


def test_tcp_in_clear() -> None:
    async def story() -> None:
        server = ApiServer(application, host="127.0.0.1", port=0)
        (address,) = await server.start()
        assert await ask(address.url) == "http"
        await server.close()

    run(story())


def test_tcp_with_tls(tmp_path: Path) -> None:
    node_keys = keys.load_or_create(tmp_path / "keys")
    certificate = keys.issue_server_certificate(node_keys, ["localhost", "127.0.0.1"], datetime.now(UTC))
    tls = server_side(certificate.certificate_pem, certificate.key_pem).context
    trusting = ssl.create_default_context(cadata=node_keys.ca_pem.decode())

    async def story() -> None:
        server = ApiServer(application, host="127.0.0.1", port=0, tls=tls)
        (address,) = await server.start()
        assert await ask(address.url, verify=trusting) == "https"
        await server.close()

    run(story())


def test_a_unix_socket_is_its_owners_and_is_gone_afterwards(tmp_path: Path) -> None:
    path = tmp_path / "run" / "api.sock"

    async def story() -> None:
        server = ApiServer(application, host=None, port=0, unix_socket=path)
        (address,) = await server.start()
        assert address.url == f"unix://{path}"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert await ask("http://node/", transport=httpx.AsyncHTTPTransport(uds=str(path))) == "http"
        await server.close()
        assert not path.exists()

    run(story())


def test_what_a_crash_left_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "api.sock"
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))

    async def story() -> None:
        server = ApiServer(application, host=None, port=0, unix_socket=path)
        await server.start()
        await server.close()

    run(story())


def test_what_is_not_ours_stays(tmp_path: Path) -> None:
    path = tmp_path / "api.sock"
    path.write_text("something else")
    with pytest.raises(ApiListenFailed, match="is no socket"):
        run(ApiServer(application, host=None, port=0, unix_socket=path).start())
    path.unlink()
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(path))
        other.listen()
        with pytest.raises(ApiListenFailed, match="another process"):
            run(ApiServer(application, host=None, port=0, unix_socket=path).start())


def test_an_address_in_use_is_named() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(ApiListenFailed, match=f"127.0.0.1:{port}"):
            run(ApiServer(application, host="127.0.0.1", port=port).start())
