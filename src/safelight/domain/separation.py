"""Separation of duty (I7), in one place: nobody approves their own, by any path, and N approvals are N people.

A path leads from an account to whoever stands behind it: its creator, and for an agent its sponsor, and so on
upwards. Two accounts on one path count as one person, in both directions: neither the account that made the
requester, nor an account that the requester made, is somebody else. Two accounts made by the same administrator are
two people, or no installation could have any; who made an account is on the audit log.
"""

from collections.abc import Iterable, Mapping

from safelight.domain.errors import Refusal
from safelight.domain.principal import Principal, PrincipalKind


def behind(name: str, principals: Mapping[str, Principal]) -> frozenset[str]:
    """``name`` and every account that made it or answers for it, directly or not."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        current = waiting.pop()
        if current in found:
            continue
        found.add(current)
        principal = principals.get(current)
        if principal is not None:
            waiting += [other for other in (principal.created_by, principal.sponsor) if other is not None]
    return frozenset(found)


def same_person(a: str, b: str, principals: Mapping[str, Principal]) -> bool:
    """Whether one of the two may be the other in disguise."""
    return a in behind(b, principals) or b in behind(a, principals)


def may_not_decide(
    decider: Principal, requester: str, others: Iterable[str], principals: Mapping[str, Principal]
) -> Refusal | None:
    """Why ``decider`` does not count as another person than ``requester`` and than ``others``, who have approved
    already; None if it does."""
    if decider.kind is not PrincipalKind.PERSON:
        return Refusal(
            "approval.person", "approvals are given by people; an agent cannot approve", "ask a person to approve"
        )
    if same_person(decider.name, requester, principals):
        return Refusal(
            "approval.own",
            "nobody approves their own request, nor that of an account they made, sponsor, or were made by",
            "ask somebody else to approve",
        )
    if any(same_person(decider.name, other, principals) for other in others):
        return Refusal(
            "approval.twice", "each approval must come from another person", "ask somebody else to approve"
        )
    return None
