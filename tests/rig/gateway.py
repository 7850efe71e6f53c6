"""A real gateway, ``safelight serve`` in a process of its own, with people, targets and access made over its API.

    with Server(18) as server, Gateway([Target("orders-db", server, ("shop",))]) as gateway:
        session = gateway.session("orders-db", capabilities=("read",))
        psycopg.connect(session.dsn())

Usable by tests, benchmarks and the demonstration. The process ends with the block.
"""

import hashlib
import hmac
import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from tests.rig.accounts import Accounts, create_accounts
from tests.rig.servers import Server, ServerFailed

START_SECONDS = 30.0
STOP_SECONDS = 15.0
PEOPLE = {"ada": ("oncall",), "grace": ("oncall", "approvers"), "lin": ("approvers",), "sam": ("security",)}
"""Name → groups; the first administrator is ``root``."""


@dataclass(frozen=True, slots=True)
class Target:
    """A target of the gateway. ``labels`` maps ``schema.table.column`` to a label, or to (label, strategy).
    ``account`` is ``ephemeral``, or (user, password) of a static one."""

    name: str
    server: Server
    databases: tuple[str, ...]
    labels: Mapping[str, str | tuple[str, str]] = field(default_factory=dict)
    account: str | tuple[str, str] = "ephemeral"
    service: str = "shop"
    statement_timeout_seconds: int = 60
    lock_timeout_seconds: int = 10
    idle_in_transaction_timeout_seconds: int = 300


@dataclass(frozen=True, slots=True)
class SessionLogin:
    """What a native client logs in with."""

    host: str
    port: int
    user: str
    secret: str
    database: str
    ca_file: Path
    tls: bool
    grant: str

    def dsn(self, **more: str) -> str:
        parts = {"host": self.host, "port": self.port, "user": self.user, "password": self.secret}
        parts |= {"dbname": self.database, "gssencmode": "disable"}
        parts |= {"sslmode": "verify-full", "sslrootcert": self.ca_file} if self.tls else {"sslmode": "disable"}
        return " ".join(f"{key}='{value}'" for key, value in (parts | more).items())

    def environment(self) -> dict[str, str]:
        """For clients that read PG* variables."""
        mode = (
            {"PGSSLMODE": "verify-full", "PGSSLROOTCERT": str(self.ca_file)} if self.tls else {"PGSSLMODE": "disable"}
        )
        return (
            os.environ
            | mode
            | {
                "PGHOST": self.host,
                "PGPORT": str(self.port),
                "PGUSER": self.user,
                "PGPASSWORD": self.secret,
                "PGDATABASE": self.database,
            }
        )


class Gateway:
    """``settings`` is TOML that is appended to the settings file, before ``[files]``."""

    def __init__(
        self,
        targets: Sequence[Target],
        *,
        tls: bool = False,
        settings: str = "",
        directory: Path | None = None,
        policies: str = "",
    ) -> None:
        self._targets = list(targets)
        self._tls = tls
        self._own_directory = directory is None
        self.directory = directory or Path(tempfile.mkdtemp(prefix="safelight-gateway-"))
        self._http = httpx.Client(timeout=60)
        self.webhook_secret = secrets.token_urlsafe(24)
        self._secrets: dict[str, str] = {"pager-webhook": self.webhook_secret}
        self.output: list[str] = []
        self.environment: dict[str, str] = {}
        """More variables for the process."""
        self.process: subprocess.Popen[str] | None = None
        self._tokens: dict[str, str] = {}
        self.passwords: dict[str, str] = {}
        self._sources = settings
        self._policies = policies
        self._write_files()

    # --- life -------------------------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        self.start()
        self.make_people()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        if self._own_directory:
            shutil.rmtree(self.directory, ignore_errors=True)

    def start(self) -> None:
        """Start the process and wait until it says that it is up."""
        program = Path(sys.executable).with_name("safelight")
        self.output = []
        self.process = subprocess.Popen(
            [program, "serve", "--config", self.directory / "safelight.toml"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={k: v for k, v in os.environ.items() if not k.startswith("SAFELIGHT_")} | self.environment,
        )
        threading.Thread(target=self._read_output, args=(self.process,), daemon=True).start()
        deadline = time.monotonic() + START_SECONDS
        while not self._listening():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise ServerFailed("the gateway did not start:\n" + self.log())
            time.sleep(0.02)

    def stop(self) -> None:
        """A clean stop, as at SIGTERM."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """A crash."""
        self._end(signal.SIGKILL)

    def log(self) -> str:
        return "".join(self.output)

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def _end(self, how: signal.Signals) -> None:
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise ServerFailed("the gateway did not stop:\n" + self.log()) from None
        self.process = None

    def _read_output(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        self.output.extend(process.stdout)

    def _listening(self) -> bool:
        return "  State " in self.log()

    # --- addresses --------------------------------------------------------------------------------------------

    @property
    def url(self) -> str:
        return self._told(r"API +(\S+)")

    @property
    def postgres_port(self) -> int:
        return int(self._told(r"PostgreSQL +\S+:(\d+)"))

    @property
    def state(self) -> Path:
        return self.directory / "state"

    @property
    def ca_file(self) -> Path:
        return self.state / "keys" / "ca.pem"

    def _told(self, pattern: str) -> str:
        found = re.search(pattern, self.log())
        if found is None:
            raise ServerFailed(f"the gateway did not say {pattern}:\n{self.log()}")
        return found[1]

    # --- API --------------------------------------------------------------------------------------------------

    def api(self, method: str, path: str, body: Any = None, *, by: str | None = None) -> Any:
        """One call of ``/api/v1``: the answer's JSON.

        Raises:
            httpx.HTTPStatusError: the gateway refused; the response has its problem details.
        """
        headers = {"Authorization": f"Bearer {self._tokens[by]}"} if by is not None else {}
        answer = self._http.request(method, f"{self.url}/api/v1{path}", json=body, headers=headers)
        if answer.is_error:
            raise httpx.HTTPStatusError(answer.text, request=answer.request, response=answer)
        return answer.json() if answer.content else None

    @property
    def people(self) -> list[str]:
        return list(self._tokens)

    def token(self, person: str) -> str:
        """The bearer token that a person is logged in with."""
        return self._tokens[person]

    def make_people(self) -> None:
        """The first administrator, and :data:`PEOPLE`."""
        code = self._told(r"--code (\S+)")
        self._log_in("root", "/login/code", {"name": "root", "code": code})
        for name, groups in PEOPLE.items():
            made = self.api("POST", "/principals", {"name": name, "groups": groups}, by="root")
            self._log_in(name, "/login/code", {"code": made["code"]})

    def _log_in(self, name: str, path: str, body: dict[str, str]) -> None:
        self.passwords[name] = secrets.token_urlsafe(16)
        answer = self.api("POST", path, body | {"password": self.passwords[name]})
        self._tokens[name] = answer["token"]

    def webhook(
        self, action: str, incident: str, service: str = "shop", opener: str = "pager", title: str = "an incident"
    ) -> Any:
        """A signed webhook of the source ``pager``."""
        body = {"action": action, "id": incident, "title": title, "service": service, "opener": opener}
        return self.send_webhook(json.dumps(body).encode(), str(int(time.time())))

    def send_webhook(self, body: bytes, timestamp: str) -> Any:
        signature = hmac.new(self.webhook_secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256)
        answer = self._http.post(
            f"{self.url}/api/v1/incidents/webhooks/pager",
            content=body,
            headers={
                "Content-Type": "application/json",
                "Safelight-Timestamp": timestamp,
                "Safelight-Signature": f"v1={signature.hexdigest()}",
            },
        )
        answer.raise_for_status()
        return answer.json()

    def grant(
        self,
        target: str,
        *,
        by: str = "ada",
        capabilities: Sequence[str] = ("read",),
        seconds: int = 3600,
        incident: str | None = None,
    ) -> str:
        """Ask for access and have it approved by as many people as it takes: the grant's id."""
        body = {
            "targets": [target],
            "capabilities": list(capabilities),
            "duration_seconds": seconds,
            "reason": "the tests need it",
            "incident_id": incident,
        }
        request = self.api("POST", "/requests", body, by=by)
        for approver in ("sam", "lin", "grace"):
            if request["state"] != "pending":
                break
            if approver != by:
                request = self.api("POST", f"/requests/{request['id']}/approve", {}, by=approver)
        if request["grant_id"] is None:
            raise ServerFailed(f"no grant came of {request}")
        return str(request["grant_id"])

    def credential(self, grant: str, database: str, *, by: str = "ada") -> SessionLogin:
        """A new session credential of a grant."""
        made = self.api("POST", f"/grants/{grant}/credentials", by=by)
        return SessionLogin(
            host="localhost" if self._tls else "127.0.0.1",
            port=self.postgres_port,
            user=made["user"],
            secret=made["secret"],
            database=database,
            ca_file=self.ca_file,
            tls=self._tls,
            grant=grant,
        )

    def session(
        self,
        target: str,
        *,
        by: str = "ada",
        capabilities: Sequence[str] = ("read",),
        seconds: int = 3600,
        incident: str | None = None,
    ) -> SessionLogin:
        """A grant and a credential of it."""
        grant = self.grant(target, by=by, capabilities=capabilities, seconds=seconds, incident=incident)
        return self.credential(grant, target, by=by)

    # --- files ------------------------------------------------------------------------------------------------

    def _write_files(self) -> None:
        state = self.directory / "state"
        kept = state / "secrets"
        kept.mkdir(parents=True, exist_ok=True, mode=0o700)
        state.chmod(0o700)
        (self.directory / "targets.toml").write_text("\n".join(self._target(t) for t in self._targets))
        (self.directory / "extra.cedar").write_text(self._policies)
        (self.directory / "safelight.toml").write_text(
            f"""
            state_directory = "state"
            [postgres]
            port = 0
            tls = "{"require" if self._tls else "offer"}"
            [api]
            port = 0
            [incident_sources.pager]
            secret = "pager-webhook"
            [files]
            targets = ["targets.toml"]
            policies = ["extra.cedar"]
            reload_seconds = 0.2
            {self._sources}
            """
        )
        for name, value in self._secrets.items():
            file = kept / name
            file.touch(mode=0o600)
            file.write_text(value)

    def _target(self, target: Target) -> str:
        lines = [
            f"[targets.{target.name}]",
            'kind = "postgres"',
            f'host = "{target.server.host}"',
            f"port = {target.server.port}",
            f"databases = {json.dumps(target.databases)}",
            f'service = "{target.service}"',
            f"statement_timeout_seconds = {target.statement_timeout_seconds}",
            f"lock_timeout_seconds = {target.lock_timeout_seconds}",
            f"idle_in_transaction_timeout_seconds = {target.idle_in_transaction_timeout_seconds}",
        ]
        ca_file = target.server.ca_file
        lines += ['tls = "disable"'] if ca_file is None else [f'tls_ca_file = "{ca_file}"']
        lines += [f"[targets.{target.name}.account]", *self._account(target)]
        for place, label in target.labels.items():
            table, _, column = place.rpartition(".")
            name, strategy = (label, "pseudonym") if isinstance(label, str) else label
            lines += [
                f"[[targets.{target.name}.columns]]",
                f'table = "{table}"\ncolumn = "{column}"\nlabel = "{name}"\nstrategy = "{strategy}"',
            ]
        return "\n".join(lines) + "\n"

    def _account(self, target: Target) -> list[str]:
        made = self._accounts(target)
        admin = [f'admin_user = "{made.admin}"', f'admin_secret = "{self._admin_secret(target)}"']
        self._secrets[self._admin_secret(target)] = made.admin_password
        if isinstance(target.account, tuple):
            user, password = target.account
            self._secrets[f"{target.name}-account"] = password
            return ['mode = "static"', f'user = "{user}"', f'secret = "{target.name}-account"', *admin]
        return ['mode = "ephemeral"', *_roles(made), *admin]

    @staticmethod
    def _accounts(target: Target) -> Accounts:
        return [create_accounts(target.server, database) for database in target.databases][-1]

    @staticmethod
    def _admin_secret(target: Target) -> str:
        """One for each server: making its accounts again gives them a new password."""
        return f"admin-{target.server.port}"


def _roles(made: Accounts) -> list[str]:
    return [f'read_role = "{made.read_role}"', f'write_role = "{made.write_role}"']
