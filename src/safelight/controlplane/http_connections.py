"""Connections that have nothing to say must not keep others out, least of all from the kill switch.

A request has a deadline from its first byte (the first one from the connection) to its last: slow headers and slow
bodies end alike. Connections without a running request are bounded in number; the one that has been quiet for longest
is dropped for a new one, so that a good client is never refused for the crowd's sake. Answers take what they take.
"""

import asyncio
from collections import OrderedDict
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

RECEIVE_SECONDS = 15.0
MAX_QUIET = 512


def bounded_http(receive_seconds: float = RECEIVE_SECONDS, max_quiet: int = MAX_QUIET) -> type[H11Protocol]:
    """The HTTP protocol for one listener, whose connections share one bound."""
    quiet: OrderedDict[H11Protocol, None] = OrderedDict()

    class BoundedHttp(H11Protocol):
        _receiving: asyncio.TimerHandle | None = None

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self._be_quiet()
            self._begin_receiving()
            if len(quiet) > max_quiet:
                next(iter(quiet)).transport.abort()

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            if self._running():
                quiet.pop(self, None)
                self._end_receiving()
            elif self._receiving is None:
                self._begin_receiving()

        def on_response_complete(self) -> None:
            super().on_response_complete()
            self._be_quiet()

        def connection_lost(self, exc: Exception | None) -> None:
            quiet.pop(self, None)
            self._end_receiving()
            super().connection_lost(exc)

        def _running(self) -> bool:
            """Whether a request is here in full and not answered yet."""
            return self.cycle is not None and not self.cycle.more_body and not self.cycle.response_complete

        def _be_quiet(self) -> None:
            quiet.pop(self, None)
            quiet[self] = None

        def _begin_receiving(self) -> None:
            self._receiving = self.loop.call_later(receive_seconds, self.transport.abort)

        def _end_receiving(self) -> None:
            if self._receiving is not None:
                self._receiving.cancel()
                self._receiving = None

    return BoundedHttp
