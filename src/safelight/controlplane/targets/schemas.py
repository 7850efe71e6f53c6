"""Targets as the API shows them: what one may ask for, and what is masked there. Neither addresses nor accounts."""

from safelight.controlplane.schema_base import View
from safelight.domain.masking import Strategy
from safelight.domain.target import AccountMode, TargetKind, TlsMode
from safelight.ports.target_admin import Severity


class ColumnView(View):
    schema_name: str
    table: str
    column: str
    label: str
    strategy: Strategy


class TargetView(View):
    name: str
    kind: TargetKind
    databases: list[str]
    service: str | None
    labels: dict[str, str]
    tls: TlsMode
    account_mode: AccountMode
    columns: list[ColumnView]
    statement_timeout_seconds: int
    lock_timeout_seconds: int
    idle_in_transaction_timeout_seconds: int


class FindingView(View):
    """One line of a preflight. ``what_to_run`` is SQL that gives the guarantee."""

    severity: Severity
    guarantee: str
    message: str
    what_to_run: str | None


class Reloaded(View):
    """``problems`` is empty when the new set is in force; otherwise what ran before goes on."""

    problems: list[str]
