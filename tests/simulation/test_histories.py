"""Three hundred histories in every run of the tests (I2, I7, I10, I11)."""

import asyncio
import logging
from collections.abc import Iterator

import pytest
import structlog

from tests.simulation.history import History

HISTORIES, GROUP = 300, 50


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """A store that fails is logged as an error, thousands of times here."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.configure(**before)


@pytest.mark.parametrize("first", range(1, HISTORIES + 1, GROUP))
def test_histories_hold(first: int) -> None:
    sessions = 0
    for seed in range(first, first + GROUP):
        history = History(seed)
        asyncio.run(history.run())
        sessions += history.lived
    assert sessions > GROUP


def test_an_incident_that_somebody_else_opens_again_meanwhile() -> None:
    """Found by the ten thousands: the model took the opener of afterwards for the one that policy had seen."""
    asyncio.run(History(1_034_716).run())


def test_a_model_that_is_wrong_is_noticed() -> None:
    """The checks can fail: a session whose grant the model has seen end is reported."""
    history = History(1, steps=0)
    asyncio.run(history.run())
    asyncio.run(_live_on(history))


async def _live_on(history: History) -> None:
    grant = await history.node.grant()
    history._decided(history.node.services.access.requests()[-1], None)
    await history.node.session(grant)
    history._check()
    history.model.ends(grant.id)
    with pytest.raises(AssertionError, match="lives on"):
        history._check()
