"""Targets: the production things that access is granted to, and the labels on their columns."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from safelight.domain.masking import LabelUse, Strategy


class TargetKind(StrEnum):
    POSTGRES = "postgres"


class TlsMode(StrEnum):
    """How the connection to the target is protected. ``DISABLE`` must be asked for by name."""

    VERIFY_FULL = "verify-full"
    DISABLE = "disable"


class AccountMode(StrEnum):
    STATIC = "static"
    EPHEMERAL = "ephemeral"


@dataclass(frozen=True, slots=True)
class ColumnLabel:
    """A label on one column: values of ``label`` leave only as ``strategy`` makes them. ``uses`` (None: the
    strategy's usual ones), ``generalisations`` and ``values`` say what statements may find out besides."""

    schema: str
    table: str
    column: str
    label: str
    strategy: Strategy
    uses: frozenset[LabelUse] | None = None
    generalisations: tuple[str, ...] = ()
    values: int = 10


@dataclass(frozen=True, slots=True)
class Target:
    """One production thing. Secrets are not here: ``account_secret`` and ``admin_secret`` are names in the
    secrets port. ``databases`` lists the databases that may be reached; the first is the default."""

    name: str
    kind: TargetKind
    host: str
    port: int
    databases: tuple[str, ...]
    tls: TlsMode
    tls_ca_file: str | None
    account_mode: AccountMode
    account_user: str | None
    account_secret: str | None
    admin_user: str | None
    admin_secret: str | None
    read_role: str | None
    write_role: str | None
    service: str | None
    labels: Mapping[str, str]
    columns: tuple[ColumnLabel, ...]
    statement_timeout_seconds: int
    lock_timeout_seconds: int = 10
    idle_in_transaction_timeout_seconds: int = 300
