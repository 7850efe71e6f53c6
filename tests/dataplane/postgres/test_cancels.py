"""A cancel request is answered when the target has been told, never to a wrong key."""

import asyncio

from safelight.dataplane.postgres.cancels import CancelKeys


def test_a_cancel_request_ends_when_the_target_has_been_told() -> None:
    async def story() -> None:
        told = asyncio.Event()
        running: list[asyncio.Task[None]] = []

        async def tell() -> None:
            await told.wait()

        def cancel() -> asyncio.Task[None]:
            running.append(asyncio.create_task(tell()))
            return running[-1]

        keys = CancelKeys()
        key = keys.issue(7, 2, cancel)
        asked = asyncio.create_task(keys.cancel(7, key))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert running and not asked.done(), "the client would go on, and the cancel meet its next statement"
        told.set()
        assert await asked

    asyncio.run(story())


def test_a_wrong_key_cancels_nothing() -> None:
    async def story() -> None:
        cancelled: list[str] = []
        keys = CancelKeys()
        key = keys.issue(7, 0, lambda: cancelled.append("seven"))
        assert not await keys.cancel(8, key) and not await keys.cancel(7, b"\0" * 32)
        keys.withdraw(7, key)
        assert not await keys.cancel(7, key) and cancelled == []

    asyncio.run(story())
