"""The operating system's randomness."""

import secrets


class SystemRandomness:
    def bytes(self, count: int) -> bytes:
        return secrets.token_bytes(count)
