"""Stories run on asyncio, on a node that has just started."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest

from safelight.domain.errors import Denied
from tests.application.node import Node

Refused = Callable[[str], AbstractContextManager[None]]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def node() -> Node:
    return await Node().start()


@pytest.fixture
def refused() -> Refused:
    """``with refused("approval.own"): …``: the block is refused by just this rule, and says what to do instead."""

    @contextmanager
    def expect(rule: str) -> Iterator[None]:
        with pytest.raises(Denied) as caught:
            yield
        assert caught.value.refusal.rule == rule
        assert caught.value.refusal.next_step

    return expect
