"""Whether the target's major version reads the text as our parser, PostgreSQL 18's grammar, does.

What an older server merely does not know is a syntax error there and harms nobody. This is about what it reads as
something *else*: ``JSON_VALUE(…)`` is a call of a user's function before 17, ``system_user`` a column before 16,
``1_000`` the number 1 with an alias before 15. Sources: src/backend/parser/{gram.y,scan.l} of 14 to 18, and the
incompatibilities in each release's notes. A server newer than the parser, or older than 14, is not read at all.
"""

import re

import postgast
from postgast import pg_query_pb2 as pg

from safelight.domain.errors import Refusal
from safelight.protocols.postgres.sql.tree import descend, strings

OLDEST_MAJOR = 14
NEWEST_MAJOR = 18

_SINCE = {
    "JsonObjectConstructor": (16, "the constructor JSON_OBJECT"),
    "JsonArrayConstructor": (16, "the constructor JSON_ARRAY"),
    "JsonArrayQueryConstructor": (16, "the constructor JSON_ARRAY"),
    "JsonObjectAgg": (16, "the aggregate JSON_OBJECTAGG"),
    "JsonArrayAgg": (16, "the aggregate JSON_ARRAYAGG"),
    "JsonIsPredicate": (16, "the predicate IS JSON"),
    "JsonParseExpr": (17, "the constructor JSON"),
    "JsonScalarExpr": (17, "the constructor JSON_SCALAR"),
    "JsonSerializeExpr": (17, "the function JSON_SERIALIZE"),
    "JsonFuncExpr": (17, "the functions JSON_VALUE, JSON_QUERY and JSON_EXISTS"),
    "JsonTable": (17, "JSON_TABLE"),
    "MergeSupportFunc": (17, "the function MERGE_ACTION"),
}
_KEYWORD_FUNCTIONS = {"json_object": 16, "system_user": 16}
"""Built-ins that are called by a keyword since a major version; before, the name is looked up like any other."""

_SUSPECT_WORDS = re.compile(r"json|system_user|merge_action|returning", re.IGNORECASE)
_SUSPECT_NUMBER = re.compile(r"[0-9]_[0-9]|0[xob]", re.IGNORECASE)
_NUMBERS = frozenset({pg.Token.Value("ICONST"), pg.Token.Value("FCONST")})
_NEW_NUMBER = re.compile(rb"_|^0[xob]", re.IGNORECASE)


def check_dialect(text: str, tree: pg.ParseResult, server_version_num: int) -> Refusal | None:
    """Why a server of this version (``150018``) would read ``text`` differently, or None."""
    major = server_version_num // 10_000
    if not OLDEST_MAJOR <= major <= NEWEST_MAJOR:
        return Refusal(
            "postgres.dialect.version",
            f"statements for PostgreSQL {major} cannot be read, only those for {OLDEST_MAJOR} to {NEWEST_MAJOR}",
            "ask an administrator of safelight for a version that knows this server",
        )
    if major == NEWEST_MAJOR:
        return None
    found = _newer_syntax(tree, major) if _SUSPECT_WORDS.search(text) else None
    if found is None and major < 16 and _SUSPECT_NUMBER.search(text) and _has_new_number(text):
        found = (16, "a number with an underscore or a prefix such as 0x")
    if found is None:
        return None
    since, what = found
    return Refusal(
        "postgres.dialect.newer",
        f"{what} means something else to PostgreSQL {major}: it is known since {since}",
        f"write it in a way that PostgreSQL {major} knows",
    )


def _newer_syntax(tree: pg.ParseResult, major: int) -> tuple[int, str] | None:
    """The first thing in the tree that came after ``major``: since when, and what it is."""
    for message in descend(tree):
        name = message.DESCRIPTOR.name
        since, what = _SINCE.get(name, (0, ""))
        if name == "FuncCall":
            schema_and_name = strings(message.funcname)
            if len(schema_and_name) == 2 and schema_and_name[0] == "pg_catalog":
                since, what = _KEYWORD_FUNCTIONS.get(schema_and_name[1], 0), schema_and_name[1]
        elif name == "ReturningClause" and _names_old_or_new(message):
            since, what = 18, "OLD or NEW in RETURNING"
        if since > major:
            return since, what
    return None


def _names_old_or_new(clause: pg.ReturningClause) -> bool:
    if clause.options:
        return True
    references = (message for message in descend(clause) if message.DESCRIPTOR.name == "ColumnRef")
    return any(len(r.fields) > 1 and strings(r.fields)[0] in ("old", "new") for r in references)


def _has_new_number(text: str) -> bool:
    encoded = text.encode()
    tokens = postgast.scan(text).tokens
    return any(t.token in _NUMBERS and _NEW_NUMBER.search(encoded[t.start : t.end]) for t in tokens)
