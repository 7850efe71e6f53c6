"""Silent and slow clients of the API: dropped in time, and never in the way of others."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn
import uvloop

from safelight.controlplane.http_connections import bounded_http

RECEIVE_SECONDS = 0.3
MAX_QUIET = 8
Connect = Callable[[], Coroutine[Any, Any, tuple[asyncio.StreamReader, asyncio.StreamWriter]]]


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Answers with the size of the body; ``/slow`` takes longer than a request may take to arrive."""
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        size += len(message["body"])
        if not message["more_body"]:
            break
    if scope["path"] == "/slow":
        await asyncio.sleep(2 * RECEIVE_SECONDS)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1")]})
    await send({"type": "http.response.body", "body": str(size).encode()})


@asynccontextmanager
async def listening() -> AsyncIterator[Connect]:
    config = uvicorn.Config(
        application, port=0, http=bounded_http(RECEIVE_SECONDS, MAX_QUIET), lifespan="off", log_config=None
    )
    server = uvicorn.Server(config)
    config.load()
    server.lifespan = config.lifespan_class(config)
    await server.startup()
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield lambda: asyncio.open_connection("127.0.0.1", port)
    finally:
        await server.shutdown()


def run(story: Callable[[Connect], Coroutine[Any, Any, None]]) -> None:
    async def told() -> None:
        async with listening() as connect:
            await story(connect)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(told())


GET = b"GET / HTTP/1.1\r\nHost: node\r\n\r\n"


async def answered(connect: Connect, request: bytes = GET) -> bool:
    reader, writer = await connect()
    writer.write(request)
    answer = await asyncio.wait_for(reader.read(1000), 5)
    writer.close()
    return answer.startswith(b"HTTP/1.1 200")


async def ends_in_time(reader: asyncio.StreamReader) -> bool:
    try:
        return await asyncio.wait_for(reader.read(), 5) == b""
    except ConnectionResetError:
        return True


@pytest.mark.parametrize(
    "beginning", [b"", b"GET / HT", b"POST / HTTP/1.1\r\nHost: node\r\nContent-Length: 10\r\n\r\nabc"]
)
def test_a_request_that_does_not_arrive_is_dropped(beginning: bytes) -> None:
    async def story(connect: Connect) -> None:
        reader, writer = await connect()
        writer.write(beginning)
        assert await ends_in_time(reader)
        writer.close()

    run(story)


def test_dribbling_does_not_move_the_deadline() -> None:
    async def story(connect: Connect) -> None:
        reader, writer = await connect()

        async def dribble() -> None:
            for byte in GET[:-2] * 100:
                writer.write(bytes([byte]))
                await asyncio.sleep(RECEIVE_SECONDS / 20)

        task = asyncio.ensure_future(dribble())
        assert await ends_in_time(reader)
        task.cancel()

    run(story)


def test_the_second_request_of_a_connection_has_a_deadline_too() -> None:
    async def story(connect: Connect) -> None:
        reader, writer = await connect()
        writer.write(GET)
        await reader.readuntil(b"\r\n\r\n0")
        writer.write(b"GET / HT")
        assert await ends_in_time(reader)

    run(story)


def test_an_answer_may_take_its_time() -> None:
    async def story(connect: Connect) -> None:
        assert await answered(connect, b"GET /slow HTTP/1.1\r\nHost: node\r\n\r\n")

    run(story)


def test_a_crowd_of_silent_connections_keeps_nobody_out() -> None:
    async def story(connect: Connect) -> None:
        slow = asyncio.ensure_future(answered(connect, b"GET /slow HTTP/1.1\r\nHost: node\r\n\r\n"))
        await asyncio.sleep(0.05)
        crowd = [await connect() for _ in range(5 * MAX_QUIET)]
        assert await answered(connect)
        assert await slow
        for _, writer in crowd:
            writer.close()

    run(story)
