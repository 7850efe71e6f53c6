"""Argon2id and PBKDF2 on threads of their own: both libraries let go of the interpreter's lock, so the loop runs on.

One thread by default: a rush of logins waits in line and takes no more than one core from the traffic.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.profiles import RFC_9106_LOW_MEMORY

from safelight.ports.secrets import Secret
from safelight.ports.slow_hashes import ScramVerifier
from safelight.protocols.postgres.scram import make_verifier


class ThreadedSlowHashes:
    """Argon2id with RFC 9106's second recommended parameters (64 MiB, three passes)."""

    def __init__(self, threads: int = 1) -> None:
        self._hasher = PasswordHasher.from_parameters(RFC_9106_LOW_MEMORY)
        self._passwords = ThreadPoolExecutor(threads, thread_name_prefix="password-hash")
        self._verifiers = ThreadPoolExecutor(threads, thread_name_prefix="scram-verifier")

    async def password_hash(self, password: Secret[str]) -> str:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._passwords, self._hasher.hash, password.reveal())

    async def password_matches(self, encoded: str, password: Secret[str]) -> bool:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._passwords, self._matches, encoded, password.reveal())

    async def scram_verifier(self, secret: Secret[str], salt: bytes, iterations: int) -> ScramVerifier:
        loop = asyncio.get_running_loop()
        made = await loop.run_in_executor(self._verifiers, make_verifier, secret.reveal().encode(), salt, iterations)
        return ScramVerifier(made.salt, made.iterations, made.stored_key, made.server_key)

    def close(self) -> None:
        self._passwords.shutdown(cancel_futures=True)
        self._verifiers.shutdown(cancel_futures=True)

    def _matches(self, encoded: str, password: str) -> bool:
        try:
            return self._hasher.verify(encoded, password)
        except (VerificationError, InvalidHashError):
            return False
