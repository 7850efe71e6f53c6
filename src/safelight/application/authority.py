"""Who is asking, and may they: the first line of every use case that a person or an agent calls."""

from safelight.application.access_state import AccessState
from safelight.application.policy_in_force import PolicyInForce
from safelight.domain.decision import Effect
from safelight.domain.errors import Denied, Refusal
from safelight.domain.lock import Lock, LockScope
from safelight.domain.principal import Principal


class Authority:
    def __init__(self, access: AccessState, policy: PolicyInForce) -> None:
        self._access = access
        self._policy = policy

    def active(self, name: str) -> Principal:
        """The principal behind a name, able to act and not locked.

        Raises:
            Denied: ``principal.unknown``, ``principal.disabled`` or ``lock.in_force``.
        """
        principal = self.known(name)
        lock = self._access.lock_on(self._access.subjects_of(name, None))
        if lock is not None:
            raise Denied(lock_refusal(lock))
        return principal

    def known(self, name: str) -> Principal:
        """Like :meth:`active`, whether locked or not."""
        if self._access.principal(name) is None:
            raise Denied(
                Refusal("principal.unknown", f"there is no principal {name}", "ask an administrator for an account")
            )
        principal = self._access.active_principal(name)
        if principal is None:
            raise Denied(
                Refusal("principal.disabled", f"the account {name} is disabled", "ask an administrator to enable it")
            )
        return principal

    def require(self, name: str, action: str, resource: str | None = None, *, under_lock: bool = False) -> Principal:
        """The principal, if policy lets it do ``action``. ``under_lock`` is for the kill switch itself: a lock on
        everything must not stop the people who made it; one that names the person still does.

        Raises:
            Denied: also with policy's own refusal.
        """
        principal = self._unnamed_by_locks(name) if under_lock else self.active(name)
        decision = self._policy.may(principal, action, resource)
        if decision.effect is not Effect.ALLOW:
            raise Denied(
                decision.refusal
                or Refusal("policy.denied", f"{name} may not {action.replace('_', ' ')}", "ask an administrator")
            )
        return principal

    def _unnamed_by_locks(self, name: str) -> Principal:
        principal = self.known(name)
        for lock in self._access.active_locks():
            by_name = lock.scope is LockScope.PRINCIPAL and lock.subject == name
            by_group = lock.scope is LockScope.GROUP and lock.subject in principal.groups
            if by_name or by_group:
                raise Denied(lock_refusal(lock))
        return principal


def lock_refusal(lock: Lock) -> Refusal:
    """What somebody under a lock is told. The lock's reason is for reviewers, not for whoever is locked out."""
    what = lock.scope.value if lock.scope is LockScope.ALL else f"{lock.scope.value} {lock.subject}"
    return Refusal(
        "lock.in_force",
        f"access is locked ({what}, lock {lock.id})",
        "ask security; locks are listed by: safelight locks",
    )
