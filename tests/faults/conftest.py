"""One small shop for gateways that a test harms; each makes its own."""

from collections.abc import Iterator

import pytest

from tests.proofs.load import TABLE
from tests.rig.servers import Server


@pytest.fixture(scope="session")
def shop() -> Iterator[Server]:
    with Server(18) as running:
        running.create_database("shop")
        running.sql(TABLE, "shop")
        running.sql("CREATE TABLE orders AS SELECT id, id * 3 AS total FROM generate_series(1, 50) id", "shop")
        yield running
