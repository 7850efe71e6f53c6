"""Reading a message's text: the facts of each statement and the plan for its results. Pure; runs in a child process.

Whatever cannot be read is refused (I4). One rule broken anywhere refuses that statement; the others keep their facts,
and whoever carries the message lets none of it run.
"""

from postgast import pg_query_pb2 as pg

from safelight.domain.errors import Denied, Refusal
from safelight.domain.statement import StatementFacts
from safelight.protocols.postgres.analysis import Analysis, StatementAnalysis
from safelight.protocols.postgres.catalog import Catalog
from safelight.protocols.postgres.sql.count_query import count_query
from safelight.protocols.postgres.sql.dialect import check_dialect
from safelight.protocols.postgres.sql.limits import decode_text
from safelight.protocols.postgres.sql.literals import significant_literals
from safelight.protocols.postgres.sql.relations import CatalogIndex
from safelight.protocols.postgres.sql.statements import Draft, read_statement
from safelight.protocols.postgres.sql.tree import SyntaxProblem, TooDeep, parse

MAX_STATEMENTS = 500
"""How many statements one message may hold."""
MAX_INDEXES = 8
TOO_DEEP = Refusal(
    "postgres.limit.depth", "the statement is nested too deeply to be read", "split it, or use IN (…) or VALUES"
)
MAX_COLUMNS = 5000
"""So many columns may the results of one message have: the server takes 1,664 for a statement, and what is found out
here has to be handed over to the gateway's loop."""
TOO_MANY_COLUMNS = Refusal(
    "postgres.limit.columns", f"the results have more than {MAX_COLUMNS} columns", "select fewer columns at once"
)
_indexes: dict[tuple[str, tuple[str, ...]], CatalogIndex] = {}


def analyse(text: bytes, catalog: Catalog, *, extended: bool) -> Analysis:
    """Read a Query's or (``extended``) a Parse's text against a catalog."""
    decoded = decode_text(text)
    if isinstance(decoded, Refusal):
        return _unreadable(decoded)
    try:
        tree = parse(decoded)
    except SyntaxProblem as problem:
        refusal = Refusal("postgres.syntax", problem.message, "mend the statement")
        return Analysis((), refusal, (problem.message, problem.position), None)
    except (TooDeep, RecursionError):
        return _unreadable(TOO_DEEP)
    refusal_or_none = _refuse_message(decoded, tree, catalog, extended)
    if refusal_or_none is not None:
        return _unreadable(refusal_or_none)
    index = _index_of(catalog)
    several = len(tree.stmts) > 1
    statements = tuple(_statement(raw, text if several else b"", index) for raw in tree.stmts)
    if sum(len(statement.outputs or ()) for statement in statements) > MAX_COLUMNS:
        return _unreadable(TOO_MANY_COLUMNS)
    significant = significant_literals(text, tree)
    return Analysis(statements, None, None, significant)


def _unreadable(refusal: Refusal) -> Analysis:
    return Analysis((), refusal, None, None)


def _refuse_message(text: str, tree: pg.ParseResult, catalog: Catalog, extended: bool) -> Refusal | None:
    if extended and len(tree.stmts) > 1:
        return Refusal(
            "postgres.form.several", "a prepared statement holds one statement only", "send them one by one"
        )
    if len(tree.stmts) > MAX_STATEMENTS:
        return Refusal(
            "postgres.limit.statements", f"a message holds at most {MAX_STATEMENTS} statements", "send fewer at once"
        )
    return check_dialect(text, tree, catalog.server_version_num)


def _index_of(catalog: Catalog) -> CatalogIndex:
    """The catalog's index, kept for the last few catalogs."""
    key = (catalog.version, catalog.search_path)
    kept = _indexes.get(key)
    if kept is None or kept.catalog is not catalog:
        while len(_indexes) >= MAX_INDEXES:
            del _indexes[next(iter(_indexes))]
        kept = _indexes[key] = CatalogIndex.of(catalog)
    return kept


def _statement(raw: pg.RawStmt, message: bytes, index: CatalogIndex) -> StatementAnalysis:
    draft = Draft()
    refusal: Refusal | None = None
    try:
        read_statement(raw.stmt, index, draft)
    except Denied as denial:
        refusal = denial.refusal
    except RecursionError:
        refusal = TOO_DEEP
    findings = draft.findings
    # The count runs under the gateway's own account: no code of the database's, nothing that stays.
    countable = refusal is None and findings.rollback_safe and not findings.opaque
    facts = StatementFacts(
        form=draft.form,
        capabilities=frozenset(findings.capabilities),
        relations=tuple(findings.relations),
        labels=frozenset(findings.labels),
        harmless_to_lose=refusal is None and not findings.changes and not draft.keeps,
        rollback_safe=findings.rollback_safe,
        stands_alone=draft.stands_alone,
        refusal=refusal,
    )
    return StatementAnalysis(
        text=_own_text(raw, message),
        facts=facts,
        outputs=draft.outputs,
        copy=draft.copy,
        transaction=draft.transaction,
        setting=draft.setting,
        deallocates=draft.deallocates,
        count_query=count_query(raw.stmt) if countable else None,
        restricted_reads=findings.restricted,
    )


def _own_text(raw: pg.RawStmt, message: bytes) -> str:
    if not message:
        return ""
    end = raw.stmt_location + raw.stmt_len if raw.stmt_len else len(message)
    return message[raw.stmt_location : end].decode("utf-8", "replace").strip()
