"""Slow hashes: right, and away from the loop."""

import asyncio
import secrets

import pytest

from safelight.adapters.slow_hashes import ThreadedSlowHashes
from safelight.ports.secrets import Secret
from safelight.protocols.postgres.scram import derive

PASSWORD = Secret(secrets.token_urlsafe())


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.mark.anyio
async def test_a_password_matches_its_own_hash_only() -> None:
    hashes = ThreadedSlowHashes()
    encoded = await hashes.password_hash(PASSWORD)
    assert encoded.startswith("$argon2id$") and PASSWORD.reveal() not in encoded
    assert await hashes.password_hash(PASSWORD) != encoded
    assert await hashes.password_matches(encoded, PASSWORD)
    assert not await hashes.password_matches(encoded, Secret("other"))
    assert not await hashes.password_matches("damaged", PASSWORD)
    hashes.close()


@pytest.mark.anyio
async def test_a_scram_verifier_is_what_the_exchange_needs() -> None:
    hashes = ThreadedSlowHashes()
    verifier = await hashes.scram_verifier(PASSWORD, b"salt" * 4, 4096)
    assert verifier.server_key == derive(PASSWORD.reveal().encode(), b"salt" * 4, 4096).server_key
    assert (verifier.salt, verifier.iterations) == (b"salt" * 4, 4096)
    hashes.close()


@pytest.mark.anyio
async def test_the_loop_runs_on_meanwhile() -> None:
    hashes = ThreadedSlowHashes()
    work = asyncio.gather(*(hashes.password_hash(PASSWORD) for _ in range(3)))
    turns = 0
    while not work.done():
        await asyncio.sleep(0.001)
        turns += 1
    await work
    hashes.close()
    assert turns > 10
