"""Server-sent events for one reader, from callbacks of the data plane.

The queue is bounded (I8): a reader that does not keep up loses events and is told how many. A comment every few
seconds lets either side notice that the other is gone, and the right to watch is asked about again.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable

MAX_QUEUED = 1000
HEARTBEAT_SECONDS = 2.0
PERMISSION_SECONDS = 1.0

Event = dict[str, object]


class EventQueue:
    """``put`` is called in the loop's thread and never waits."""

    def __init__(self, size: int = MAX_QUEUED) -> None:
        self._events: asyncio.Queue[Event] = asyncio.Queue(size)
        self._lost = 0

    def put(self, event: Event) -> None:
        try:
            self._events.put_nowait(event)
        except asyncio.QueueFull:
            self._lost += 1

    async def next(self, timeout_seconds: float) -> Event | None:
        """The next event, or None when there is none for so long."""
        if self._lost and self._events.empty():
            lost, self._lost = self._lost, 0
            return {"event": "lost", "count": lost}
        if not self._events.empty():
            return self._events.get_nowait()
        if timeout_seconds <= 0:
            return None
        try:
            return await asyncio.wait_for(self._events.get(), timeout_seconds)
        except TimeoutError:
            return None


async def event_stream(
    queue: EventQueue,
    *,
    permitted: Callable[[], bool],
    live: Callable[[], bool],
    stop: Callable[[], None],
    heartbeat_seconds: float = HEARTBEAT_SECONDS,
) -> AsyncIterator[bytes]:
    """The body of a ``text/event-stream``. It ends at once when it is no longer ``permitted``, and after the last
    queued event when what is watched is no longer ``live``. ``stop`` is called however it ends."""
    loop = asyncio.get_running_loop()
    asked_at = loop.time()
    try:
        yield b": watching\n\n"
        while True:
            alive = live()
            event = await queue.next(heartbeat_seconds if alive else 0)
            if loop.time() - asked_at >= PERMISSION_SECONDS or event is None:
                asked_at = loop.time()
                if not permitted():
                    yield b'data: {"event": "refused"}\n\n'
                    return
            if event is not None:
                yield b"data: " + json.dumps(event, ensure_ascii=False, default=str).encode() + b"\n\n"
            elif alive:
                yield b": still here\n\n"
            else:
                yield b'data: {"event": "end"}\n\n'
                return
    finally:
        stop()
