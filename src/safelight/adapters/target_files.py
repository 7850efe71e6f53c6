"""Targets and their column labels, from TOML files. The whole set is refused when anything in it is wrong.

The format is described in ``examples/targets.toml``. Secrets are named here, never written here.
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from safelight.adapters.file_problems import FileProblem, FilesInvalid, problems_of
from safelight.domain.masking import LabelUse, Strategy
from safelight.domain.target import AccountMode, ColumnLabel, Target, TargetKind, TlsMode

_MAX_FILE_BYTES = 4 * 1024 * 1024
_IDENTIFIER = re.compile(r'(?:[^"\x00.]+|"(?:[^"\x00]|"")+")')

TargetName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,62}$")]
SecretName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,62}$")]
LabelName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_.-]{0,62}$")]
Generalisation = Annotated[str, Field(pattern=r"^(domain|year|prefix:[1-9])$")]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class AccountEntry(_Table):
    """How sessions log in to the target."""

    mode: AccountMode
    user: str | None = None
    secret: SecretName | None = None
    read_role: str | None = None
    write_role: str | None = None
    admin_user: str | None = None
    admin_secret: SecretName | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        needed = {
            AccountMode.STATIC: ("user",),
            AccountMode.EPHEMERAL: ("admin_user", "read_role"),
        }[self.mode]
        missing = [name for name in needed if getattr(self, name) is None]
        if missing:
            raise ValueError(f'mode "{self.mode}" needs {" and ".join(missing)}')
        if self.secret is not None and self.user is None:
            raise ValueError("secret needs user")
        if self.admin_secret is not None and self.admin_user is None:
            raise ValueError("admin_secret needs admin_user")
        return self


class ColumnEntry(_Table):
    """A label on one column of ``table`` (``schema.table``; without a schema it is ``public``)."""

    table: str
    column: str = Field(min_length=1, max_length=63)
    label: LabelName
    strategy: Strategy | None = None
    uses: frozenset[LabelUse] | None = None
    generalisations: tuple[Generalisation, ...] = Field(default=(), max_length=4)
    values: int = Field(default=10, ge=1, le=10)

    @field_validator("table")
    @classmethod
    def _one_or_two_identifiers(cls, table: str) -> str:
        _split_table(table)
        return table


class TargetEntry(_Table):
    kind: TargetKind
    host: str = Field(min_length=1, max_length=255)
    port: int = Field(default=5432, ge=1, le=65535)
    databases: tuple[Annotated[str, Field(min_length=1, max_length=63)], ...] = Field(min_length=1, max_length=256)
    tls: TlsMode = TlsMode.VERIFY_FULL
    tls_ca_file: str | None = None
    service: str | None = None
    statement_timeout_seconds: int = Field(default=60, ge=1, le=24 * 3600)
    lock_timeout_seconds: int = Field(default=10, ge=1, le=24 * 3600)
    idle_in_transaction_timeout_seconds: int = Field(default=300, ge=1, le=24 * 3600)
    account: AccountEntry
    labels: dict[str, str] = Field(default_factory=dict)
    columns: tuple[ColumnEntry, ...] = ()

    @model_validator(mode="after")
    def _each_column_once(self) -> Self:
        seen: set[tuple[str, str, str]] = set()
        for entry in self.columns:
            place = (*_split_table(entry.table), entry.column)
            if place in seen:
                raise ValueError(f"the column {'.'.join(place)} is labelled twice: a column has one label")
            seen.add(place)
        return self


class TargetsFile(_Table):
    targets: dict[TargetName, TargetEntry]


def load_targets(files: Sequence[Path], default_strategy: Strategy = Strategy.PSEUDONYM) -> dict[str, Target]:
    """Read every file and give all targets by name.

    Raises:
        FilesInvalid: with every problem of every file.
    """
    problems: list[FileProblem] = []
    targets: dict[str, Target] = {}
    origin: dict[str, Path] = {}
    for file in files:
        try:
            entries = _read(file).targets
        except FilesInvalid as error:
            problems.extend(error.problems)
            continue
        for name, entry in entries.items():
            if name in targets:
                problems.append(FileProblem(file, f"targets.{name}", f"is defined in {origin[name]} already"))
            origin[name] = file
            targets[name] = _target(name, entry, file, default_strategy)
    problems.extend(_missing_ca_files(targets, origin))
    if problems:
        raise FilesInvalid(tuple(problems))
    return targets


def _read(file: Path) -> TargetsFile:
    try:
        return TargetsFile.model_validate(_toml(file))
    except ValidationError as error:
        raise FilesInvalid(problems_of(error, TargetsFile, file)) from None


def _toml(file: Path) -> dict[str, Any]:
    try:
        if file.stat().st_size > _MAX_FILE_BYTES:
            raise FilesInvalid((FileProblem(file, "", f"is larger than {_MAX_FILE_BYTES} bytes"),))
        return tomllib.loads(file.read_text("utf-8"))
    except OSError as error:
        raise FilesInvalid((FileProblem(file, "", f"cannot be read: {error.strerror}"),)) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise FilesInvalid((FileProblem(file, "", f"is not TOML: {error}"),)) from None


def _target(name: str, entry: TargetEntry, file: Path, default_strategy: Strategy) -> Target:
    account = entry.account
    return Target(
        name=name,
        kind=entry.kind,
        host=entry.host,
        port=entry.port,
        databases=entry.databases,
        tls=entry.tls,
        tls_ca_file=str(file.absolute().parent / entry.tls_ca_file) if entry.tls_ca_file else None,
        account_mode=account.mode,
        account_user=account.user,
        account_secret=account.secret,
        admin_user=account.admin_user,
        admin_secret=account.admin_secret,
        read_role=account.read_role,
        write_role=account.write_role,
        service=entry.service,
        labels=MappingProxyType(dict(entry.labels)),
        columns=tuple(_column(column, default_strategy) for column in entry.columns),
        statement_timeout_seconds=entry.statement_timeout_seconds,
        lock_timeout_seconds=entry.lock_timeout_seconds,
        idle_in_transaction_timeout_seconds=entry.idle_in_transaction_timeout_seconds,
    )


def _column(entry: ColumnEntry, default_strategy: Strategy) -> ColumnLabel:
    schema, table = _split_table(entry.table)
    strategy = entry.strategy or default_strategy
    return ColumnLabel(
        schema, table, entry.column, entry.label, strategy, entry.uses, entry.generalisations, entry.values
    )


def _split_table(text: str) -> tuple[str, str]:
    """``schema.table`` or ``table``; a part that holds a dot is written in double quotes, as in SQL. Unlike in SQL
    nothing is folded to lower case: names are written as the catalog has them."""
    parts = []
    position = 0
    while match := _IDENTIFIER.match(text, position):
        part = match.group()
        parts.append(part[1:-1].replace('""', '"') if part.startswith('"') else part)
        position = match.end() + 1
        if position > len(text):
            break
        if text[match.end()] != ".":
            raise ValueError('a table is written "schema.table" or "table"')
    if len(parts) not in (1, 2) or position != len(text) + 1:
        raise ValueError('a table is written "schema.table" or "table"')
    return ("public", parts[0]) if len(parts) == 1 else (parts[0], parts[1])


def _missing_ca_files(targets: Mapping[str, Target], origin: Mapping[str, Path]) -> list[FileProblem]:
    return [
        FileProblem(origin[name], f"targets.{name}.tls_ca_file", "there is no such file")
        for name, target in targets.items()
        if target.tls_ca_file is not None and not Path(target.tls_ca_file).is_file()
    ]
