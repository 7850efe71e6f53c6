"""The open fields of a statement's records, as canonical JSON. Made here so that no caller writes JSON by hand."""

from collections.abc import Mapping

from safelight.audit.canonical import quoted

_RESULTS = {name: quoted(name) for name in ("ok", "error", "refused", "discarded", "unknown")}


def outcome_fields(
    intent: int,
    result: str,
    *,
    rows: int,
    result_bytes: int,
    micros: int,
    sqlstate: str = "",
    cells: Mapping[str, int] | None = None,
) -> bytes:
    """How a statement ended: ``intent`` is the index of its intent, ``cells`` the cells masked by type. Cheap."""
    masked = b""
    if cells:
        masked = b'"masked":[%b],' % b",".join(quoted(f"{name}={cells[name]}") for name in sorted(cells))
    error = b',"sqlstate":%b' % quoted(sqlstate) if sqlstate else b""
    return b'"bytes":%d,"intent":%d,%b"micros":%d,"result":%b,"rows":%d%b' % (
        result_bytes,
        intent,
        masked,
        micros,
        _RESULTS.get(result) or quoted(result),
        rows,
        error,
    )
