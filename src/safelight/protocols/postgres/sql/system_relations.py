"""Which relations of pg_catalog and information_schema may be read, and which of their columns leave as constants.

An allow-list (``names.txt``): tools read the catalog to find their way, but pg_statistic and its views hold samples
of the data, pg_authid verifiers, pg_user_mapping passwords, pg_largeobject data without labels. Others' statements
carry values in their text, and one's own may carry what the gateway has put in place of a pseudonym.
"""

from enum import StrEnum
from functools import cache

from safelight.protocols.postgres.sql.tables import sections


class SystemRelation(StrEnum):
    """``STATEMENT_TEXT``: it may be read, but some columns (:func:`hidden_columns`) are treated as labelled."""

    OPEN = "open"
    REFUSED = "refused"
    STATEMENT_TEXT = "statement_text"


_CLIENT = ("client_addr", "client_hostname", "client_port")
_HIDDEN: dict[tuple[str, str], frozenset[str]] = {
    ("pg_catalog", "pg_stat_activity"): frozenset({"query", *_CLIENT}),
    ("pg_catalog", "pg_stat_replication"): frozenset(_CLIENT),
    ("pg_catalog", "pg_prepared_statements"): frozenset({"statement"}),
    ("pg_catalog", "pg_cursors"): frozenset({"statement"}),
    ("pg_catalog", "pg_roles"): frozenset({"rolconfig"}),
    ("pg_catalog", "pg_user"): frozenset({"useconfig"}),
}


def judge_system_relation(schema: str, name: str) -> SystemRelation:
    """The verdict on a relation of pg_catalog or information_schema; REFUSED for any other schema."""
    if (schema, name) in _HIDDEN:
        return SystemRelation.STATEMENT_TEXT
    return SystemRelation.OPEN if name in _open_relations(schema) else SystemRelation.REFUSED


def hidden_columns(schema: str, name: str) -> frozenset[str]:
    """The columns of a STATEMENT_TEXT relation that leave as a constant."""
    return _HIDDEN.get((schema, name), frozenset())


@cache
def _open_relations(schema: str) -> frozenset[str]:
    return frozenset(sections("names.txt").get(f"{schema} relations", ()))
