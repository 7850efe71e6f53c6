"""The audit log of a gateway, read from its files with the node's keys, and proven with the verifier."""

import base64
from collections.abc import Iterator
from pathlib import Path

import httpx

from safelight.adapters.audit_keyring import Keyring
from safelight.adapters.audit_reading import PAGE_LIMIT, search
from safelight.audit.verifier import Report, verify
from safelight.ports.audit import AuditQuery, AuditRecord
from tests.rig.gateway import Gateway


def records(gateway: Gateway, *, after: int = -1) -> list[AuditRecord]:
    """All records behind the index ``after``, oldest first, with what they seal."""
    return list(_newest_first(gateway, after))[::-1]


def _newest_first(gateway: Gateway, after: int) -> Iterator[AuditRecord]:
    directory = gateway.state / "audit"
    keyring = Keyring(directory, (gateway.state / "keys" / "node.key").read_bytes())
    before: int | None = None
    while True:
        page = search(directory, AuditQuery(limit=PAGE_LIMIT, before=before), keyring)
        for record in page.records:
            if record.index <= after:
                return
            yield record
        if page.next_before is None:
            return
        before = page.next_before


def proven(gateway: Gateway, directory: Path, anchor: str | None) -> tuple[Report, str]:
    """An export made now and verified against ``anchor``, a checkpoint kept from before; and its own checkpoint."""
    headers = {"Authorization": f"Bearer {gateway.token('sam')}"}
    answer = httpx.get(f"{gateway.url}/api/v1/audit/export", headers=headers, timeout=60)
    answer.raise_for_status()
    file = directory / "export.jsonl"
    file.write_bytes(answer.content)
    key = gateway.api("GET", "/gateway", by="sam")["audit_verifier_key"]
    return verify(file, key, anchor), base64.b64decode(answer.headers["Safelight-Checkpoint"]).decode()
