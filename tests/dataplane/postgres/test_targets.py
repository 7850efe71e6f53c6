"""The targets of a node follow its configuration, each by itself."""

import asyncio
from typing import Any, cast

from safelight.dataplane.postgres.targets import PostgresTargets
from safelight.domain.errors import TargetUnavailable
from safelight.domain.target import Target
from safelight.ports.target_admin import TargetAdmin
from safelight.protocols.postgres.catalog import Catalog
from tests.application.node import target


class _Admin:
    """Its start comes to nothing, once as many have begun to start as are waited for."""

    def __init__(self, together: asyncio.Barrier) -> None:
        self._together = together

    async def start(self) -> None:
        await self._together.wait()
        raise TargetUnavailable("nobody is there")

    async def close(self) -> None:
        return


def test_no_target_waits_for_another_to_be_reached() -> None:
    async def story() -> None:
        together = asyncio.Barrier(3)

        def admin_for(_: Target) -> TargetAdmin[Catalog]:
            return cast(Any, _Admin(together))

        targets = PostgresTargets(cast(Any, None), admin_for, lambda _: None)
        async with asyncio.timeout(5):
            await targets.configure({name: target(name, "shop") for name in ("a-db", "b-db", "c-db")})
        assert all(targets.get(name) is not None for name in ("a-db", "b-db", "c-db"))
        await targets.close()

    asyncio.run(story())
