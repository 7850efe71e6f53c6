"""Settings of one node: read from ``safelight.toml``, overridden by ``SAFELIGHT_…`` variables, frozen.

Every setting is described in ``safelight.example.toml``; a test keeps the two together. An unknown key is an error,
and all that is wrong is reported at once. Settings never carry a secret: they name secrets, which come from the
environment or from files with mode 0600 (``adapters.secret_files``).
"""

import ipaddress
import os
import tomllib
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from safelight import _native
from safelight.adapters.file_problems import known_keys, problems_of
from safelight.domain.errors import SafelightError
from safelight.domain.masking import Strategy

Port = Annotated[int, Field(ge=0, le=65535)]
"""0 lets the system choose one."""
Seconds = Annotated[int, Field(ge=1, le=30 * 24 * 3600)]
SourceName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,30}$")]

_NOT_SETTINGS = ("SAFELIGHT_SECRET_", "SAFELIGHT_CLI_")
_DEFAULT_STATE_DIRECTORY = Path("~/.local/state/safelight")


class SettingsInvalid(SafelightError):
    """The settings cannot be used. ``problems`` are sentences that name the key and what is allowed."""

    def __init__(self, file: Path | None, problems: tuple[str, ...]) -> None:
        super().__init__(f"{file or 'settings'}: " + "; ".join(problems))
        self.file = file
        self.problems = problems


class TlsPolicy(StrEnum):
    """Whether a client of the PostgreSQL listener must use TLS."""

    REQUIRE = "require"
    OFFER = "offer"
    """A client may come in clear. Loopback only."""


class LogFormat(StrEnum):
    JSON = "json"
    CONSOLE = "console"


class LogLevel(StrEnum):
    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


def is_loopback(host: str) -> bool:
    """Whether ``host`` can be reached from this machine only. Names other than localhost count as not."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Section(BaseModel):
    """A table of the file. Frozen, and closed: an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class TlsFiles(Section):
    """A certificate of one's own, in place of one from the node's CA. Both or neither."""

    certificate_file: Path | None = None
    key_file: Path | None = None
    server_names: tuple[str, ...] = ("localhost", "127.0.0.1", "::1")
    """Names in the certificate that the node's own CA makes."""

    @model_validator(mode="after")
    def _both_or_neither(self) -> Self:
        if (self.certificate_file is None) != (self.key_file is None):
            raise ValueError("certificate_file and key_file belong together: give both or neither")
        return self


class PostgresSettings(Section):
    """Where PostgreSQL clients connect."""

    host: str = "127.0.0.1"
    port: Port = 5433
    tls: TlsPolicy = TlsPolicy.REQUIRE
    advertised_host: str | None = None

    @model_validator(mode="after")
    def _no_clear_text_beyond_loopback(self) -> Self:
        if self.tls is not TlsPolicy.REQUIRE and not is_loopback(self.host):
            raise ValueError('host is not loopback, so tls must be "require"')
        return self


class ApiSettings(Section):
    """Where the HTTP API listens: TCP, a Unix socket (mode 0600), or both."""

    host: str | None = "127.0.0.1"
    port: Port = 8480
    tls: bool = False
    unix_socket: Path | None = None
    advertised_url: str | None = None
    max_body_kib: int = Field(default=1024, ge=1, le=16 * 1024)
    public_metrics: bool = True
    """Whether /metrics answers without a login. It holds counts only, no names."""

    @field_validator("host")
    @classmethod
    def _empty_is_none(cls, host: str | None) -> str | None:
        return host or None

    @model_validator(mode="after")
    def _no_clear_text_beyond_loopback(self) -> Self:
        if self.host is None and self.unix_socket is None:
            raise ValueError("the API listens nowhere: set host or unix_socket")
        if self.host is not None and not self.tls and not is_loopback(self.host):
            raise ValueError("host is not loopback, so tls must be true")
        return self


class AnalystSettings(Section):
    """The child processes that read SQL."""

    count: int = Field(default=2, ge=1, le=64)
    timeout_seconds: float = Field(default=2.0, gt=0, le=60)
    memory_mib: int = Field(default=512, ge=64, le=16_384)


class AuditSettings(Section):
    """The audit log."""

    strict: bool = False
    """Every intent is on the disk before its statement is forwarded, the harmless ones too."""
    origin: str | None = None
    segment_mib: int = Field(default=64, ge=1, le=4096)


class MaskingSettings(Section):
    """How labelled columns leave when their entry names no strategy. Masking itself cannot be turned off."""

    default_strategy: Strategy = Strategy.PSEUDONYM
    regions: tuple[str, ...] = ()
    """Countries (ISO 3166-1 alpha-2) whose national telephone numbers the detectors look for."""

    @field_validator("regions")
    @classmethod
    def _known(cls, regions: tuple[str, ...]) -> tuple[str, ...]:
        _native.scan("", regions)
        return regions


class AccessSettings(Section):
    """Lengths and bounds of the access workflow. The names are those of ``application.limits.AccessLimits``."""

    request_pending_seconds: Seconds = 3600
    minimum_grant_seconds: Seconds = 60
    maximum_grant_seconds: Seconds = 12 * 3600
    credential_seconds: Seconds = 3600
    notice_before_end_seconds: int = Field(default=300, ge=0, le=3600)
    incident_warning_seconds: int = Field(default=120, ge=0, le=3600)
    hold_timeout_seconds: Seconds = 300
    token_seconds: Seconds = 12 * 3600
    one_time_code_seconds: Seconds = 24 * 3600
    store_lease_seconds: Seconds = 30
    login_attempts_per_principal: int = Field(default=10, ge=1, le=1000)
    login_attempts_per_address: int = Field(default=60, ge=1, le=10_000)
    login_attempts_window_seconds: Seconds = 300
    minimum_password_characters: int = Field(default=12, ge=8, le=128)

    @model_validator(mode="after")
    def _minimum_within_maximum(self) -> Self:
        if self.minimum_grant_seconds > self.maximum_grant_seconds:
            raise ValueError("minimum_grant_seconds must not exceed maximum_grant_seconds")
        return self


class TimeoutSettings(Section):
    """How long a peer may take."""

    handshake_seconds: float = Field(default=10.0, gt=0, le=120)
    target_connect_seconds: float = Field(default=10.0, gt=0, le=120)
    idle_seconds: Seconds = 1800
    session_max_seconds: Seconds = 12 * 3600
    drain_seconds: float = Field(default=10.0, ge=0, le=600)


class LimitSettings(Section):
    """Bounds on what a session may make the node hold."""

    max_client_message_kib: int = Field(default=16 * 1024, ge=16, le=1024 * 1024)
    max_row_kib: int = Field(default=8 * 1024, ge=16, le=1024 * 1024)
    warm_roles: int = Field(default=4, ge=0, le=256)


class FileSettings(Section):
    """Where targets, policies and secrets are. Relative paths are taken from the configuration file's directory."""

    targets: tuple[Path, ...] = ()
    policies: tuple[Path, ...] = ()
    secrets_directory: Path | None = None
    default_policies: bool = True
    reload_seconds: float = Field(default=2.0, gt=0, le=3600)


class IncidentSource(Section):
    """A system that may open and close incidents by signed webhook. ``secret`` is a name in the secrets."""

    secret: str
    services: dict[str, str] = Field(default_factory=dict)
    """Its service names, to ours. A name that is not listed is taken as it is."""


class LoggingSettings(Section):
    format: LogFormat = LogFormat.CONSOLE
    level: LogLevel = LogLevel.INFO


class Settings(BaseSettings):
    """All settings of a node. Make one with :func:`load_settings`."""

    model_config = SettingsConfigDict(
        extra="forbid",
        frozen=True,
        env_prefix="SAFELIGHT_",
        env_nested_delimiter="__",
        nested_model_default_partial_update=True,
    )

    node: SourceName = "node-1"
    state_directory: Path = _DEFAULT_STATE_DIRECTORY
    tls: TlsFiles = TlsFiles()
    postgres: PostgresSettings = PostgresSettings()
    api: ApiSettings = ApiSettings()
    analysts: AnalystSettings = AnalystSettings()
    audit: AuditSettings = AuditSettings()
    masking: MaskingSettings = MaskingSettings()
    access: AccessSettings = AccessSettings()
    timeouts: TimeoutSettings = TimeoutSettings()
    limits: LimitSettings = LimitSettings()
    files: FileSettings = FileSettings()
    incident_sources: dict[SourceName, IncidentSource] = Field(default_factory=dict)
    logging: LoggingSettings = LoggingSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The file's content arrives as init settings; the environment comes before it."""
        return env_settings, init_settings

    @property
    def secrets_directory(self) -> Path:
        return self.files.secrets_directory or self.state_directory / "secrets"


def load_settings(file: Path | None) -> Settings:
    """Read ``file`` (None: defaults and environment only) and make every path absolute.

    Raises:
        SettingsInvalid: naming every key that is wrong, and what is allowed there.
    """
    values = _read(file) if file is not None else {}
    _refuse_unknown_variables(file)
    try:
        settings = Settings(**values)
    except ValidationError as error:
        place = file or Path("settings")
        raise SettingsInvalid(
            file, tuple(f"{p.key}: {p.message}" for p in problems_of(error, Settings, place))
        ) from None
    base = file.absolute().parent if file is not None else Path.cwd()
    return _absolute(settings, base)


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except OSError as error:
        raise SettingsInvalid(file, (f"cannot be read: {error.strerror}",)) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsInvalid(file, (f"is not TOML: {error}",)) from None


def _refuse_unknown_variables(file: Path | None) -> None:
    """A misspelt override must not be silently without effect. ``SAFELIGHT_SECRET_…`` belongs to the
    secrets, ``SAFELIGHT_CLI_…`` to the command line."""
    problems = []
    for name in os.environ:
        if not name.startswith("SAFELIGHT_") or name.startswith(_NOT_SETTINGS):
            continue
        top = name.removeprefix("SAFELIGHT_").lower().split("__")[0]
        if top not in Settings.model_fields:
            problems.append(f"the variable {name} sets nothing; known are {known_keys(Settings)}")
    if problems:
        raise SettingsInvalid(file, tuple(problems))


def _absolute(settings: Settings, base: Path) -> Settings:
    def at(path: Path | None) -> Path | None:
        return None if path is None else (base / path.expanduser()).absolute()

    files = settings.files
    return settings.model_copy(
        update={
            "state_directory": at(settings.state_directory),
            "tls": settings.tls.model_copy(
                update={"certificate_file": at(settings.tls.certificate_file), "key_file": at(settings.tls.key_file)}
            ),
            "api": settings.api.model_copy(update={"unix_socket": at(settings.api.unix_socket)}),
            "files": files.model_copy(
                update={
                    "targets": tuple(at(path) for path in files.targets),
                    "policies": tuple(at(path) for path in files.policies),
                    "secrets_directory": at(files.secrets_directory),
                }
            ),
        }
    )
