"""What reading a PostgreSQL message's text yields: facts per statement, and the plan for its results.

Values only. They are made in a child process (the parser is C and can be crashed) and cross a pipe.
"""

from dataclasses import dataclass

from safelight.domain.errors import Refusal
from safelight.domain.masking import Strategy
from safelight.domain.statement import StatementFacts


@dataclass(frozen=True, slots=True)
class Meaning:
    """Everything besides the text that gives a statement its meaning: the catalog it is resolved against."""

    target: str
    database: str
    catalog_version: str


@dataclass(frozen=True, slots=True)
class Output:
    """One output column. ``rule``: ``detect`` (unlabelled), ``label`` (a bare labelled column) or ``constant``
    (computed from one). ``origin`` is the (table OID, attribute number) that RowDescription must show for a label,
    None where the server tells none, or one of the same label. ``sources`` are the labelled columns
    (``relation.column``) that it depends on, sorted."""

    rule: str
    label: str | None = None
    strategy: Strategy | None = None
    origin: tuple[int, int] | None = None
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CopySpec:
    """How a COPY moves its rows. ``direction`` is ``out`` or ``in``; ``format`` text, csv or binary."""

    direction: str
    format: str
    delimiter: bytes
    null: bytes
    quote: bytes
    escape: bytes
    header: bool
    force_quote: bool


@dataclass(frozen=True, slots=True)
class SettingChange:
    """A SET, SET LOCAL or RESET of a setting on the closed list. ``value`` is None for RESET and DEFAULT;
    ``name`` is ``all`` for RESET ALL."""

    name: str
    value: str | None
    local: bool


@dataclass(frozen=True, slots=True)
class StatementAnalysis:
    """One statement of a message.

    ``text`` is its own part of the message. ``outputs`` is None when the number of columns is not known from the
    text (EXPLAIN, SHOW, a function in FROM): then every column is ``detect`` and no origin may be labelled; it is
    empty when there are no rows. ``transaction`` is begin, commit, rollback, savepoint, release or rollback_to.
    ``deallocates`` is the name of a prepared statement (``*`` for all). ``count_query`` counts the rows that an
    UPDATE or DELETE would touch. ``restricted_reads``: it reads labelled columns, so that its errors are told by
    SQLSTATE only.
    """

    text: str
    facts: StatementFacts
    outputs: tuple[Output, ...] | None
    copy: CopySpec | None
    transaction: str | None
    setting: SettingChange | None
    deallocates: str | None
    count_query: str | None
    restricted_reads: bool


@dataclass(frozen=True, slots=True)
class Analysis:
    """A whole message. ``refusal`` is set when it cannot be read at all (syntax, size, dialect); then there are no
    statements. ``syntax_error`` is PostgreSQL's own message and 1-based position, when that is why: the text may be
    forwarded for the server to refuse in its own words. ``significant`` are the ordinals of the shape's literals
    that the facts depend on; None when the text has no shape (keep the analysis by its exact text)."""

    statements: tuple[StatementAnalysis, ...]
    refusal: Refusal | None
    syntax_error: tuple[str, int] | None
    significant: tuple[int, ...] | None
