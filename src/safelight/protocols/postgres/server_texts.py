"""Errors and notices of the server, as the client may see them.

Their texts can quote values: of the client's own statement, of rows that a constraint looked at, of whatever a
trigger raises. So they run through the content detectors, and where labelled columns are involved they are withheld.
"""

import re
from collections.abc import Callable, Mapping

from safelight.protocols.postgres import messages as m
from safelight.protocols.postgres.deny import withheld_error
from safelight.protocols.postgres.plan import StatementPlan

MaskText = Callable[[bytes], bytes]

MAX_FIELD_BYTES = 64 * 1024
_SEVERITY = re.compile(rb"ERROR|FATAL|PANIC|WARNING|NOTICE|DEBUG|INFO|LOG")
_CONSTANT_FIELDS = {
    "S": _SEVERITY,
    "V": _SEVERITY,
    "C": re.compile(rb"[0-9A-Z]{5}"),
    "P": re.compile(rb"\d{1,9}"),
    "p": re.compile(rb"\d{1,9}"),
    "F": re.compile(rb"[a-z_]{1,40}\.[chly]{1,3}"),
    "L": re.compile(rb"\d{1,9}"),
    "R": re.compile(rb"\w{1,80}"),
}
"""Fields that hold no values, and how they look. Whatever looks otherwise is masked as text."""
_BUILT_IN_CONTEXT = re.compile(rb"JSON data, line \d|(unnamed )?portal |parallel worker\Z|while ")
"""Contexts of PostgreSQL's own code. In another language they are not recognised, which is safe."""
_ROW_QUOTING_CLASSES = (b"23", b"44")
"""SQLSTATE classes whose DETAIL quotes a row, of columns that the statement need not name."""


def error_for_client(
    values: Mapping[str, bytes], plan: StatementPlan | None, mask: MaskText, *, withheld: bool
) -> bytes:
    """An ErrorResponse for the client. ``plan`` is the statement that failed, if it is known."""
    code = values.get("C", b"")
    if withheld or _changes_labelled_relation(plan) or _says_that_code_ran(values, plan):
        return withheld_error(values.get("V", b"ERROR"), code)
    quotes_rows = code[:2] in _ROW_QUOTING_CLASSES
    return m.message(b"E", _masked({k: v for k, v in values.items() if not (quotes_rows and k == "D")}, mask))


def notice_for_client(body: bytes, plan: StatementPlan | None, mask: MaskText, *, withheld: bool) -> bytes:
    """A NoticeResponse, or nothing: beside a statement that reads labelled values, or fires the triggers of a
    relation that has some, it is withheld."""
    values = m.decode_fields(body)
    withheld = withheld or _changes_labelled_relation(plan) or _says_that_code_ran(values, plan)
    return b"" if withheld else m.message(b"N", _masked(values, mask))


def _says_that_code_ran(values: Mapping[str, bytes], plan: StatementPlan | None) -> bool:
    """What was read as a plain read runs no code of the database's own. If the context says that some ran all the
    same, its words may be of any column: where there are labels, they are not told on."""
    context = values.get("W", b"")
    if not context or plan is None or not plan.analysis.facts.harmless_to_lose or not plan.catalog.labels:
        return False
    return _BUILT_IN_CONTEXT.match(context) is None


def _changes_labelled_relation(plan: StatementPlan | None) -> bool:
    """A change to a relation with labelled columns fires checks and triggers that see all of its columns."""
    if plan is None or plan.analysis.facts.harmless_to_lose:
        return False
    return not plan.catalog.labelled_relations.isdisjoint(plan.analysis.facts.relations)


def _masked(values: Mapping[str, bytes], mask: MaskText) -> bytes:
    parts = []
    for letter, value in values.items():
        constant = _CONSTANT_FIELDS.get(letter)
        if constant is None or not constant.fullmatch(value):
            value = mask(_cut(value))
        parts.append(letter.encode("latin-1") + value + b"\0")
    return b"".join(parts) + b"\0"


def _cut(value: bytes) -> bytes:
    if len(value) <= MAX_FIELD_BYTES:
        return value
    return value[:MAX_FIELD_BYTES].decode("utf-8", "ignore").encode()
