"""Grants in force: list them, give one's own back, end another's. More time is asked for with
:meth:`safelight.application.request_access.RequestAccess.extend`."""

from safelight.application.context import NodeContext
from safelight.application.grant_ends import GrantEnds
from safelight.application.request_access import own_grant
from safelight.domain.access_rules import clipped
from safelight.domain.decision import Effect
from safelight.domain.errors import Denied, Refusal
from safelight.domain.grant import Grant, GrantState
from safelight.policy.questions import AdminAction


class ManageGrants:
    def __init__(self, context: NodeContext, ends: GrantEnds) -> None:
        self._ctx = context
        self._ends = ends

    def list(self, by: str) -> list[Grant]:
        """Those of ``by``, and everybody's if policy lets ``by`` list grants. Oldest first, ended ones included."""
        principal = self._ctx.authority.known(by)
        every = self._ctx.policy.may(principal, AdminAction.LIST_GRANTS).effect is Effect.ALLOW
        return [g for g in self._ctx.access.grants() if every or g.principal == by]

    def get(self, by: str, grant_id: str) -> Grant:
        """Raises: Denied ``grant.unknown``, also for a grant that ``by`` may not see."""
        for grant in self.list(by):
            if grant.id == grant_id:
                return grant
        raise Denied(
            Refusal("grant.unknown", f"there is no grant {grant_id} that you may see", "see: safelight grants")
        )

    async def give_back(self, by: str, grant_id: str) -> Grant:
        """End one's own grant, and its sessions, now.

        Raises:
            Denied: ``grant.unknown``, ``grant.over``.
            AuditUnavailable, StoreUnavailable: it has ended in this process all the same.
        """
        self._ctx.authority.known(by)
        own_grant(self._ctx, by, grant_id)
        return await self._end(grant_id, "given back", by)

    async def end(self, by: str, grant_id: str, *, because: str) -> Grant:
        """End anybody's grant, and its sessions, now. Raises as :meth:`give_back`."""
        self._ctx.authority.require(by, AdminAction.END_GRANT, grant_id, under_lock=True)
        return await self._end(grant_id, clipped(because), by)

    async def _end(self, grant_id: str, because: str, by: str) -> Grant:
        grant = self._ctx.access.grant(grant_id)
        if grant is None:
            raise Denied(Refusal("grant.unknown", f"there is no grant {grant_id}", "see: safelight grants"))
        if grant.state is GrantState.ENDED:
            raise Denied(Refusal("grant.over", f"the grant {grant_id} is over already", "nothing is left to end"))
        await self._ends.end([grant], because, by)
        over = self._ctx.access.grant(grant_id)
        assert over is not None
        return over
