"""What every HTTP request passes first: a bound on its body, safe response headers, one log line.

Pure ASGI, so that nothing is buffered. The log names the route's pattern, status and duration: no body, no query, no
header.
"""

import time
from collections.abc import Callable

import structlog
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = structlog.get_logger(__name__)

_HEADERS = [
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
]


class Edge:
    """``observed`` is told the route's pattern, the method, the status and the seconds of each request."""

    def __init__(
        self, app: ASGIApp, *, max_body_bytes: int, observed: Callable[[str, str, int, float], None]
    ) -> None:
        self._app = app
        self._max_body_bytes = max_body_bytes
        self._observed = observed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.monotonic()
        status = 500

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), *_HEADERS]
            await send(message)

        try:
            await self._app(scope, self._bounded(receive), sending)
        finally:
            route = getattr(scope.get("route"), "path", "-")
            seconds = time.monotonic() - started
            self._observed(route, scope["method"], status, seconds)
            log.info("request", method=scope["method"], route=route, status=status, ms=round(seconds * 1000, 1))

    def _bounded(self, receive: Receive) -> Receive:
        taken = 0

        async def bounded() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > self._max_body_bytes:
                raise HTTPException(413)
            return message

        return bounded
