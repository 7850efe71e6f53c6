"""Reading the audit log: search, follow, status, export. Each reading of sealed fields, and each export, is itself
recorded."""

import base64
import secrets
from collections.abc import Iterator
from typing import Annotated, BinaryIO

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from safelight.controlplane.audit.record import record
from safelight.controlplane.audit.schemas import AuditPageView, AuditStatusView
from safelight.controlplane.parts import Parts
from safelight.controlplane.paths import API
from safelight.controlplane.route_access import CallerOf
from safelight.domain.audit_event import EventKind
from safelight.ports.audit import AuditQuery

_CHUNK_BYTES = 256 * 1024
CHECKPOINT_HEADER = "Safelight-Checkpoint"
"""The checkpoint that the export is proven up to, its line ends written as ``\\n``. Keep it elsewhere."""

router = APIRouter(prefix=f"{API}/audit", tags=["audit"])

Text = Annotated[str | None, Query(max_length=200)]


@router.get("/records")
async def search_records(
    parts: Parts,
    caller: CallerOf,
    kind: Annotated[list[str] | None, Query(max_length=50)] = None,
    actor: Text = None,
    session: Text = None,
    target: Text = None,
    since_ms: int | None = None,
    until_ms: int | None = None,
    text: Text = None,
    before: Annotated[int | None, Query(ge=0)] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    reveal: bool = False,
) -> AuditPageView:
    """Records, newest first. ``reveal`` opens sealed fields (statement texts); that is recorded."""
    if reveal:
        fields = {"actor": actor, "session": session, "target": target, "since_ms": since_ms, "until_ms": until_ms}
        await record(parts, EventKind.AUDIT_READ, caller.name, fields, {"text": text} if text else None)
    query = AuditQuery(
        kinds=frozenset(kind) if kind else None,
        actor=actor,
        session_id=session,
        target=target,
        since_ms=since_ms,
        until_ms=until_ms,
        text=text,
        before=before,
        limit=limit,
    )
    return AuditPageView.model_validate(await parts.audit_reader.search(query, reveal=reveal))


@router.get("/status")
async def status(parts: Parts) -> AuditStatusView:
    """How far the log is written, fsynced and under a signed checkpoint."""
    return AuditStatusView.model_validate(parts.audit.status())


@router.get("/export", response_class=StreamingResponse)
async def export(
    parts: Parts, caller: CallerOf, since_ms: int | None = None, reveal: bool = False
) -> StreamingResponse:
    """A self-contained export that ``safelight audit verify`` takes. ``reveal`` adds the keys of sealed fields."""
    await record(parts, EventKind.AUDIT_EXPORTED, caller.name, {"since_ms": since_ms, "reveal": reveal})
    parts.export_directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = parts.export_directory / f"export-{secrets.token_hex(8)}.jsonl"
    try:
        checkpoint = await parts.audit_reader.export(file, since_ms=since_ms, reveal=reveal)
        handle = file.open("rb")
    finally:
        file.unlink(missing_ok=True)
    return StreamingResponse(
        _chunks(handle),
        media_type="application/jsonl",
        headers={
            CHECKPOINT_HEADER: base64.b64encode(checkpoint.encode()).decode("ascii"),
            "Content-Disposition": f'attachment; filename="{file.name}"',
        },
    )


def _chunks(handle: BinaryIO) -> Iterator[bytes]:
    """The file's bytes, read in a worker thread. It has no name any more: closing it removes it."""
    with handle:
        while chunk := handle.read(_CHUNK_BYTES):
            yield chunk
