"""One statement of a message: its form, what it does, and what the session must know of it.

Queries and changes are read by :mod:`.queries`; this is everything around them: COPY, EXPLAIN, SET, transactions,
CREATE … AS, and the table of plain utility statements (:mod:`.forms`).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from postgast import pg_query_pb2 as pg

from safelight.domain.capability import Capability
from safelight.domain.errors import Denied, Refusal
from safelight.protocols.postgres.analysis import CopySpec, Output, SettingChange
from safelight.protocols.postgres.sql.changes import Changes, read_change
from safelight.protocols.postgres.sql.copy_options import read_copy_options
from safelight.protocols.postgres.sql.ddl import read_definition
from safelight.protocols.postgres.sql.findings import Findings, refused
from safelight.protocols.postgres.sql.forms import REFUSED, UTILITIES
from safelight.protocols.postgres.sql.labelled import Place, misplaced, touch
from safelight.protocols.postgres.sql.outputs import outputs_of
from safelight.protocols.postgres.sql.queries import Queries
from safelight.protocols.postgres.sql.relations import CatalogIndex, refuse_temporary
from safelight.protocols.postgres.sql.row_order import check_seen
from safelight.protocols.postgres.sql.scope import Column, Item, Rows, Scope, Side
from safelight.protocols.postgres.sql.settings import (
    check_read_setting,
    read_variable_set,
    transaction_modes,
    widens,
)
from safelight.protocols.postgres.sql.tree import inner, kind, strings

READ, WRITE, DDL, EXPORT = Capability.READ, Capability.WRITE, Capability.DDL, Capability.EXPORT
EXPLAINED = frozenset({"select_stmt", "insert_stmt", "update_stmt", "delete_stmt", "merge_stmt"})
EXPLAIN_OPTIONS = frozenset(
    {"analyze", "verbose", "costs", "settings", "generic_plan", "buffers", "serialize", "wal", "timing", "summary"}
) | {"memory", "format"}
COMPUTING = frozenset({"create_stmt", "alter_table_stmt"})
"""Definitions that may store what an expression computes (DEFAULT, USING, GENERATED)."""
QUERY_FORMS = {
    "select_stmt": "select",
    "insert_stmt": "insert",
    "update_stmt": "update",
    "delete_stmt": "delete",
    "merge_stmt": "merge",
}
TRANSACTIONS = {
    pg.TRANS_STMT_BEGIN: "begin",
    pg.TRANS_STMT_START: "begin",
    pg.TRANS_STMT_COMMIT: "commit",
    pg.TRANS_STMT_ROLLBACK: "rollback",
    pg.TRANS_STMT_SAVEPOINT: "savepoint",
    pg.TRANS_STMT_RELEASE: "release",
    pg.TRANS_STMT_ROLLBACK_TO: "rollback_to",
}


@dataclass(slots=True)
class Draft:
    """What is known of a statement while it is read. ``keeps``: the registry or the log must see it through, so it is
    not harmless to lose although it changes nothing in the database."""

    form: str = "unknown"
    findings: Findings = field(default_factory=Findings)
    outputs: tuple[Output, ...] | None = ()
    copy: CopySpec | None = None
    transaction: str | None = None
    setting: SettingChange | None = None
    deallocates: str | None = None
    stands_alone: bool = False
    keeps: bool = False


def read_statement(node: pg.Node, index: CatalogIndex, draft: Draft) -> None:
    """Read one statement into ``draft``.

    Raises:
        Denied: a rule that no policy can override; ``draft`` then holds what was found until there.
    """
    what = kind(node)
    if what in QUERY_FORMS:
        draft.form = QUERY_FORMS[what]
        _query(node, index, draft)
    elif what in SPECIAL:
        SPECIAL[what](inner(node), index, draft)
    elif what in REFUSED:
        draft.form, refusal = REFUSED[what]
        raise Denied(refusal)
    elif what in UTILITIES:
        utility = UTILITIES[what]
        draft.form, draft.stands_alone = utility.form, utility.stands_alone
        draft.findings.need(*utility.capabilities)
        draft.findings.rollback_safe &= utility.rollback_safe
        read_definition(inner(node), index, draft.findings)
        draft.findings.writes = what in COMPUTING
        _refuse_opaque_writes(index, draft)
    else:
        raise refused("postgres.form.unknown", "this kind of statement is not carried", "use another statement")


def _queries(index: CatalogIndex, draft: Draft) -> Queries:
    return Queries(index, draft.findings, read_change)


def _query(node: pg.Node, index: CatalogIndex, draft: Draft) -> None:
    if kind(node) == "select_stmt" and node.select_stmt.HasField("into_clause"):
        draft.form = "select_into"
        _into(node.select_stmt.into_clause, draft)
        select = pg.Node()
        select.CopyFrom(node)
        select.select_stmt.ClearField("into_clause")
        _refuse_stored(_queries(index, draft).read_top(select))
        _refuse_opaque_writes(index, draft)
        return
    queries = _queries(index, draft)
    rows = queries.read_top(node)
    check_seen(rows, "the order of these rows")
    _refuse_opaque_writes(index, draft)
    draft.setting = queries.expressions.setting
    draft.outputs = outputs_of(rows, draft.findings, index.catalog)


# --- COPY -------------------------------------------------------------------------------------------------------


def _copy(copy: pg.CopyStmt, index: CatalogIndex, draft: Draft) -> None:
    draft.form = "copy_in" if copy.is_from else "copy_out"
    if copy.is_program or copy.filename:
        raise refused(
            "postgres.copy.server_file",
            "COPY with a program or a file works on the server's own machine",
            "use COPY … TO STDOUT or FROM STDIN (psql: \\copy)",
        )
    draft.copy = read_copy_options(copy.options, incoming=copy.is_from)
    queries = _queries(index, draft)
    if copy.is_from:
        _copy_in(copy, queries, draft)
        return
    draft.findings.need(READ, EXPORT)
    if kind(copy.query):
        rows = queries.read_top(copy.query)
        check_seen(rows, "the order of these rows")
        _refuse_opaque_writes(index, draft)
    else:
        item = queries.sources.relation(copy.relation, Scope(Side()))
        rows = Rows(_listed(copy, item), item.open)
        for column in rows.columns:
            if column.guarded:
                touch(column, draft.findings)
    draft.outputs = outputs_of(rows, draft.findings, index.catalog)
    if draft.outputs is None:
        raise refused(
            "postgres.copy.columns", "the columns of this COPY cannot be counted", "name them: COPY (SELECT a, b …)"
        )


def _copy_in(copy: pg.CopyStmt, queries: Queries, draft: Draft) -> None:
    item = Changes(queries).target(copy.relation)
    for column in _listed(copy, item):
        if column.guarded:
            touch(column, draft.findings)
    if kind(copy.where_clause):
        queries.expressions.read(copy.where_clause, Scope(Side.of(item)), Place("WHERE"))


def _listed(copy: pg.CopyStmt, item: Item) -> tuple[Column, ...]:
    names = strings(copy.attlist)
    if not names:
        return item.columns
    found = [item.find(name) for name in names]
    if None in found:
        raise refused("postgres.name.column", "a column of this COPY does not exist", "check the spelling")
    return tuple(column for column in found if column is not None)


# --- EXPLAIN, CREATE … AS -----------------------------------------------------------------------------------------


def _explain(explain: pg.ExplainStmt, index: CatalogIndex, draft: Draft) -> None:
    draft.form, draft.outputs = "explain", None
    unknown = [node.def_elem.defname for node in explain.options if node.def_elem.defname not in EXPLAIN_OPTIONS]
    if kind(explain.query) not in EXPLAINED or unknown:
        raise refused("postgres.form.explain", "EXPLAIN of this is not carried", "explain a SELECT or a change")
    draft.findings.need(READ)
    _queries(index, draft).read_top(explain.query)
    if draft.findings.labels or draft.findings.restricted:
        raise refused(
            "postgres.mask.explain",
            "a plan tells values of the labelled columns that the statement touches",
            "explain it without them",
        )
    _refuse_opaque(index, draft)
    if not _analyzes(explain):
        draft.findings.changes = draft.findings.opaque


def _analyzes(explain: pg.ExplainStmt) -> bool:
    """Whether it executes what it explains; anything that is not plainly off counts as on."""
    for node in explain.options:
        element = node.def_elem
        if element.defname == "analyze":
            off = (kind(element.arg) == "string" and element.arg.string.sval.lower() in ("off", "false", "0")) or (
                kind(element.arg) == "integer" and element.arg.integer.ival == 0
            )
            if not off:
                return True
    return False


def _into(into: pg.IntoClause, draft: Draft) -> None:
    refuse_temporary(into.rel)
    draft.findings.need(DDL)
    draft.findings.writes = True
    draft.stands_alone = True


def _create_as(create: pg.CreateTableAsStmt, index: CatalogIndex, draft: Draft) -> None:
    view = create.objtype == pg.OBJECT_MATVIEW
    draft.form = "create_materialized_view" if view else "create_table_as"
    _into(create.into, draft)
    if kind(create.query) != "select_stmt":
        raise Denied(REFUSED["execute_stmt"][1])
    queries = _queries(index, draft)
    rows = queries.read_top(create.query)
    if not view:
        _refuse_stored(rows)
    _refuse_opaque_writes(index, draft)


def _refuse_stored(rows: Rows) -> None:
    """A table of its own would hold labelled values under no label."""
    check_seen(rows, "storing rows")
    for column in rows.columns:
        if column.guarded:
            raise misplaced(column, "what a new table is filled with")


def _view(view: pg.ViewStmt, index: CatalogIndex, draft: Draft) -> None:
    """A view may pass labelled columns on: it is read again by its definition, with its labels."""
    draft.form, draft.stands_alone = "create_view", True
    refuse_temporary(view.view)
    draft.findings.need(DDL)
    if view.replace and index.catalog.labels and index.find(view.view.schemaname or None, view.view.relname):
        raise refused(
            "postgres.mask.definition",
            "a view that is replaced within a transaction would be read by its old labels until the transaction ends",
            "use DROP VIEW and CREATE VIEW, or another name",
        )
    _queries(index, draft).read_top(view.query)


# --- settings and transactions --------------------------------------------------------------------------------------


def _set(statement: pg.VariableSetStmt, index: CatalogIndex, draft: Draft) -> None:
    draft.form = "reset" if statement.kind in (pg.VAR_RESET, pg.VAR_RESET_ALL) else "set"
    draft.findings.need(READ)
    change = read_variable_set(statement)
    if isinstance(change, Refusal):
        raise Denied(change)
    draft.setting = change
    _widen(change, draft)


def _widen(change: SettingChange, draft: Draft) -> None:
    """READ WRITE needs the capability, although it changes nothing yet."""
    if widens(change):
        draft.findings.need(WRITE)
        draft.findings.changes = False


def _transaction(statement: pg.TransactionStmt, index: CatalogIndex, draft: Draft) -> None:
    name = TRANSACTIONS.get(statement.kind)
    if name is None:
        draft.form = "two_phase"
        raise refused(
            "postgres.form.two_phase",
            "two-phase commit leaves transactions that outlive the session",
            "use COMMIT or ROLLBACK",
        )
    draft.form = draft.transaction = name
    draft.findings.need(READ)
    draft.keeps = name == "commit"
    modes = transaction_modes(statement.options)
    if isinstance(modes, Refusal):
        raise Denied(modes)
    for mode, value in modes.items():
        _widen(SettingChange(mode, value, local=True), draft)


def _show(statement: pg.VariableShowStmt, index: CatalogIndex, draft: Draft) -> None:
    draft.form, draft.outputs = "show", None
    draft.findings.need(READ)
    refusal = check_read_setting(statement.name)
    if refusal is not None:
        raise Denied(refusal)


def _discard(statement: pg.DiscardStmt, index: CatalogIndex, draft: Draft) -> None:
    draft.form = "discard"
    draft.findings.need(READ)
    if statement.target == pg.DISCARD_ALL:
        draft.setting = SettingChange("all", None, False)
        draft.deallocates = "*"
        draft.stands_alone = draft.keeps = True


def _deallocate(statement: pg.DeallocateStmt, index: CatalogIndex, draft: Draft) -> None:
    draft.form = "deallocate"
    draft.findings.need(READ)
    draft.deallocates = "*" if statement.isall else statement.name
    draft.stands_alone = draft.keeps = True


def _close(statement: pg.ClosePortalStmt, index: CatalogIndex, draft: Draft) -> None:
    draft.form = "close"
    draft.findings.need(READ)
    if statement.portalname:
        raise Denied(REFUSED["fetch_stmt"][1])


def _unlisten(statement: pg.UnlistenStmt, index: CatalogIndex, draft: Draft) -> None:
    draft.form = "unlisten"
    draft.findings.need(READ)


def _call(statement: pg.CallStmt, index: CatalogIndex, draft: Draft) -> None:
    """A procedure's own rows cannot be traced: where columns are labelled none may come."""
    utility = UTILITIES["call_stmt"]
    draft.form, draft.stands_alone = utility.form, utility.stands_alone
    draft.findings.need(*utility.capabilities)
    draft.findings.rollback_safe = False
    _queries(index, draft).expressions.read_call(statement.funccall)
    if index.catalog.labels:
        draft.findings.restricted = True
    else:
        draft.outputs = None


def _refuse_opaque_writes(index: CatalogIndex, draft: Draft) -> None:
    """What opaque code computes could be labelled data: it may not be stored where no label is."""
    if draft.findings.writes:
        _refuse_opaque(index, draft)


def _refuse_opaque(index: CatalogIndex, draft: Draft) -> None:
    if draft.findings.opaque and index.catalog.labels:
        raise refused(
            "postgres.mask.opaque_call",
            "the statement calls code of this database that could read labelled columns",
            "leave the call out",
        )


Special = Callable[[Any, CatalogIndex, Draft], None]
SPECIAL: dict[str, Special] = {
    "copy_stmt": _copy,
    "explain_stmt": _explain,
    "create_table_as_stmt": _create_as,
    "view_stmt": _view,
    "variable_set_stmt": _set,
    "variable_show_stmt": _show,
    "transaction_stmt": _transaction,
    "discard_stmt": _discard,
    "deallocate_stmt": _deallocate,
    "close_portal_stmt": _close,
    "unlisten_stmt": _unlisten,
    "call_stmt": _call,
}
