"""The audit log, as the API shows it."""

from safelight.controlplane.schema_base import View


class AuditRecordView(View):
    """``sensitive`` is null where it is sealed and the reader may not see it, or its key was erased."""

    index: int
    at_ms: int
    kind: str
    actor: str
    session_id: str | None
    about: dict[str, str]
    fields: dict[str, object]
    sensitive: dict[str, str] | None
    erased: bool


class AuditPageView(View):
    """Newest first. ``next_before`` goes into the next query; null at the beginning of the log."""

    records: list[AuditRecordView]
    next_before: int | None


class AuditStatusView(View):
    """``failure`` says why the log cannot be written, or is null."""

    size: int
    durable_size: int
    checkpoint_size: int
    last_checkpoint: str
    lag_ms: int
    failure: str | None
