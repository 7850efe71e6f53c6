"""Quick stand-ins for slow hashes, for tests only: they protect nothing."""

import hashlib
import hmac

from safelight.ports.secrets import Secret
from safelight.ports.slow_hashes import ScramVerifier


class FakeSlowHashes:
    """Counts its password comparisons, so that tests can show that an unknown user costs as much as a known one."""

    def __init__(self) -> None:
        self.comparisons = 0

    async def password_hash(self, password: Secret[str]) -> str:
        return "fake$" + hashlib.sha256(password.reveal().encode()).hexdigest()

    async def password_matches(self, encoded: str, password: Secret[str]) -> bool:
        self.comparisons += 1
        return hmac.compare_digest(encoded, await self.password_hash(password))

    async def scram_verifier(self, secret: Secret[str], salt: bytes, iterations: int) -> ScramVerifier:
        seed = hmac.digest(salt, secret.reveal().encode(), "sha256")
        return ScramVerifier(salt, iterations, hashlib.sha256(b"stored" + seed).digest(), seed)
