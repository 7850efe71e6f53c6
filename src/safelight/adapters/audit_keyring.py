"""Opens what records seal, for those who may see it."""

from pathlib import Path

from safelight.adapters import audit_keys
from safelight.audit import plaintext
from safelight.audit.records import Record
from safelight.audit.sealing import NodeKey, unseal

_KEYS_LIMIT = 1000


class Keyring:
    """Opens sealed fields. Keys that were found are kept, so many."""

    def __init__(self, directory: Path, node_key: bytes) -> None:
        self._path = directory / audit_keys.NAME
        self._node_key = NodeKey(node_key)
        self._found: dict[str, bytes | None] = {}

    def key(self, identity: str) -> bytes | None:
        """The key of this id; None when it was erased. Raises: ValueError when its line is damaged."""
        if identity not in self._found:
            if len(self._found) >= _KEYS_LIMIT:
                self._found.clear()
            self._found[identity] = audit_keys.find(self._path, identity, self._node_key)
        return self._found[identity]

    def open(self, record: Record) -> tuple[dict[str, str] | None, bool]:
        """What a record seals, and whether its key was erased. Raises: ValueError when it does not open."""
        if record.sealed is None or record.key is None:
            return {}, False
        key = self.key(record.key)
        if key is None:
            return None, True
        return plaintext.read(unseal(key, record.index, record.sealed)), False
