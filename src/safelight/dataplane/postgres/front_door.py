"""What happens to a new connection on the PostgreSQL listener: startup phase, login, then a session or a clear no.

Every refusal is told to the client in its own protocol and goes on the audit log.
"""

import secrets
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor
from typing import Any

import structlog

from safelight.application.open_session import OpenSession
from safelight.dataplane.connection import Connection, TlsSide, drive
from safelight.dataplane.postgres.cancels import CancelKeys
from safelight.dataplane.postgres.opening import Opening
from safelight.domain.errors import Denied, PeerProtocolError, Refusal, SafelightError, TargetUnavailable
from safelight.domain.grant import SessionCredential
from safelight.ports.audit import AuditUnavailable
from safelight.ports.secrets import Secret
from safelight.protocols.postgres.client_handshake import (
    Cancel,
    FindVerifier,
    Login,
    WrongPassword,
    client_handshake,
)
from safelight.protocols.postgres.deny import refusal_error
from safelight.protocols.postgres.scram import Verifier, mock_verifier
from safelight.protocols.postgres.sql.settings import check_setting

log = structlog.get_logger(__name__)

MOCK_ITERATIONS = 4096
"""As the gateway's own credentials have, so that an unknown user looks like a known one."""
NO_SERVICE = Refusal("node.unavailable", "the gateway cannot take sessions now", "try again in a moment")


def check_startup_setting(name: str, value: str) -> Refusal | None:
    return check_setting(name, value, at_startup=True)


class PostgresFrontDoor:
    """``settled`` is told when a connection's handshake is over, so that its deadline no longer applies."""

    def __init__(
        self,
        *,
        tls: TlsSide | None,
        tls_required: bool,
        sessions: OpenSession,
        opening: Opening,
        cancels: CancelKeys,
        mock_secret: Secret[bytes],
        executor: Executor,
    ) -> None:
        self._tls = tls
        self._tls_required = tls_required
        self._sessions = sessions
        self._opening = opening
        self._cancels = cancels
        self._mock_secret = mock_secret
        self._executor = executor
        self.settled: Callable[[Connection], None] = lambda _: None

    async def accept(self, connection: Connection) -> None:
        """From the first byte to a running session. Closes the connection when it comes to nothing."""
        address = connection.peer_address
        try:
            outcome = await self._handshake(connection, address)
        except Denied as denial:
            await self._refused(connection, denial.refusal.rule, "", address)
            return
        except PeerProtocolError as problem:
            log.info("client.handshake_failed", address=address, why=str(problem))
            await self._refused(connection, "protocol.startup", "", address)
            return
        self.settled(connection)
        match outcome:
            case Cancel(pid, key):
                await self._cancels.cancel(pid, key)
                connection.transport.close()
            case WrongPassword(user):
                await self._closing(connection, lambda: self._sessions.wrong_password(user, address))
            case Login():
                await self._open(connection, outcome)

    async def _handshake(self, connection: Connection, address: str) -> Login | Cancel | WrongPassword:
        async def answer(command: Any) -> Verifier:
            assert isinstance(command, FindVerifier)
            return self._verifier(command.user, address)

        handshake = client_handshake(
            tls_offered=self._tls is not None,
            tls_required=self._tls_required,
            nonce=secrets.token_urlsafe(24).encode(),
            check_setting=check_startup_setting,
        )
        return await drive(handshake, connection, tls=self._tls, executor=self._executor, answer=answer)

    def _verifier(self, user: str, address: str) -> Verifier:
        """The one verifier of this user; one that nobody satisfies for a stranger, and for too many attempts."""
        found = self._credential(user) if self._sessions.may_try(user, address) else None
        if found is None:
            return mock_verifier(self._mock_secret.reveal(), user, MOCK_ITERATIONS)
        return Verifier(found.salt, found.iterations, found.stored_key, found.server_key)

    def _credential(self, user: str) -> SessionCredential | None:
        return self._sessions.lookup(user)

    async def _open(self, connection: Connection, login: Login) -> None:
        credential = self._credential(login.user)
        try:
            if credential is None:
                raise Denied(NO_SERVICE)  # it ended between proof and here
            await self._opening.open(connection, login, credential)
        except Denied as denial:
            self._tell(connection, refusal_error(denial.refusal, severity="FATAL", sqlstate="28000"))
        except TargetUnavailable as problem:
            refusal = Refusal("target.unavailable", str(problem), "see: safelight targets show, or safelight doctor")
            self._tell(connection, refusal_error(refusal, severity="FATAL", sqlstate="08006"))
        except (AuditUnavailable, SafelightError) as problem:
            log.error("session.not_opened", why=str(problem))
            self._tell(connection, refusal_error(NO_SERVICE, severity="FATAL", sqlstate="57P03"))

    @staticmethod
    def _tell(connection: Connection, farewell: bytes) -> None:
        if not connection.transport.is_closing():
            connection.transport.write(farewell)
            connection.transport.close()

    async def _refused(self, connection: Connection, rule: str, user: str, address: str) -> None:
        await self._closing(connection, lambda: self._sessions.refused(rule, user, address, None))

    async def _closing(self, connection: Connection, record: Callable[[], Awaitable[None]]) -> None:
        """Close, and record why."""
        connection.transport.close()
        try:
            await record()
        except (AuditUnavailable, SafelightError) as problem:
            log.error("refusal.not_recorded", why=str(problem))
