"""Session credentials: what a native client logs in with, for one grant and a short time."""

from dataclasses import dataclass

from safelight.application.context import Fields, NodeContext
from safelight.application.identifiers import secret_text, short_id
from safelight.application.request_access import own_grant
from safelight.domain.audit_event import EventKind
from safelight.domain.errors import Denied, Refusal
from safelight.domain.grant import SessionCredential
from safelight.ports.secrets import Secret
from safelight.ports.store import Add

ID_CHARACTERS = 6
SECRET_BITS = 256
SALT_BYTES = 16


@dataclass(frozen=True, slots=True)
class IssuedCredential:
    """``user`` and ``secret`` are what the client is given; the secret is nowhere else and cannot be shown again."""

    id: str
    user: str
    secret: Secret[str]
    grant_id: str
    expires_at_ms: int


class IssueCredential:
    def __init__(self, context: NodeContext) -> None:
        self._ctx = context

    async def issue(self, by: str, grant_id: str) -> IssuedCredential:
        """A new credential for one's own live grant.

        Raises:
            Denied: not one's own grant, it is over, or too many credentials of it are live.
            AuditUnavailable, StoreUnavailable: no credential was made.
        """
        self._ctx.authority.active(by)
        own_grant(self._ctx, by, grant_id)
        now = self._ctx.now()
        grant = self._ctx.access.live_grant(grant_id, now)
        if grant is None:
            raise Denied(Refusal("grant.over", f"the grant {grant_id} is over", "make a new request"))
        live = [
            c for c in self._ctx.access.credentials_of(grant_id) if not c.revoked and c.expires_at_ms > now.wall_ms
        ]
        if len(live) >= self._ctx.limits.live_credentials_per_grant:
            raise Denied(
                Refusal("credential.too_many", "this grant has too many live credentials", "use one that you have")
            )
        secret = secret_text(self._ctx.randomness, SECRET_BITS)
        salt = self._ctx.randomness.bytes(SALT_BYTES)
        keys = await self._ctx.hashes.scram_verifier(secret, salt, self._ctx.limits.scram_iterations)
        credential = SessionCredential(
            id=self._free_id(),
            principal=by,
            grant_id=grant_id,
            salt=keys.salt,
            iterations=keys.iterations,
            stored_key=keys.stored_key,
            server_key=keys.server_key,
            created_at_ms=now.wall_ms,
            expires_at_ms=min(now.wall_ms + self._ctx.limits.credential_seconds * 1000, grant.ends_at_ms),
            revoked=False,
        )
        fields: Fields = {"credential": credential.id, "grant": grant_id, "expires_at_ms": credential.expires_at_ms}
        await self._ctx.changes.make([Add(credential)], [self._ctx.event(EventKind.CREDENTIAL_ISSUED, by, fields)])
        return IssuedCredential(credential.id, user_name(credential), secret, grant_id, credential.expires_at_ms)

    def _free_id(self) -> str:
        while True:
            identity = short_id(self._ctx.randomness, ID_CHARACTERS)
            if self._ctx.access.credential(identity) is None:
                return identity


def user_name(credential: SessionCredential) -> str:
    """What a native client is given as its user: ``oncall.k7f3ab``. Names hold no dot, so it reads back."""
    return f"{credential.principal}.{credential.id}"
