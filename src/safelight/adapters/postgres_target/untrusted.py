"""What a server answers to our own questions is a peer's word as well (I9): it may have other columns than were asked
for, numbers that are none, dates that cannot be. Reading it then fails in some way of Python's; to whoever asked, the
target is not available, and nothing else of the node is touched.
"""

from collections.abc import Awaitable, Callable, Coroutine
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import structlog

from safelight.domain.errors import TargetUnavailable

log = structlog.get_logger(__name__)

UNREADABLE = (ValueError, TypeError, LookupError, OverflowError)
"""What reading an answer that does not fit its question raises."""

AskedFor = ParamSpec("AskedFor")
AnswerT = TypeVar("AnswerT")


def unreadable(problem: Exception) -> TargetUnavailable:
    """As what the failure is told; the traceback is for our own log, since it might be a mistake of ours."""
    log.warning("target.answer_unreadable", why=type(problem).__name__, exc_info=problem)
    return TargetUnavailable("the server gave an answer that does not fit the question")


def answered_by_a_peer(
    method: Callable[AskedFor, Awaitable[AnswerT]],
) -> Callable[AskedFor, Coroutine[Any, Any, AnswerT]]:
    """An operation on a target raises TargetUnavailable when the target's answer cannot be read."""

    @wraps(method)
    async def guarded(*args: AskedFor.args, **kwargs: AskedFor.kwargs) -> AnswerT:
        try:
            return await method(*args, **kwargs)
        except UNREADABLE as problem:
            raise unreadable(problem) from problem

    return guarded
