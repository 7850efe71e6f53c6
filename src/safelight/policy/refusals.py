"""What a refused person is told: the rule, one sentence, and the next step. Names only, never values."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from safelight.domain.capability import Capability
from safelight.domain.decision import Decision, Effect
from safelight.domain.errors import Refusal
from safelight.domain.grant import Grant
from safelight.policy.sources import Policy

_PLACEHOLDER = re.compile(r"\{([a-z]+)\}")

FAILED = Refusal(
    "policy.error",
    "the policies could not be evaluated, so this is refused",
    "tell whoever runs the gateway; safelight policy check names the fault",
)


@dataclass(frozen=True, slots=True)
class Subject:
    """What a refusal speaks of."""

    principal: str
    target: str = ""
    capability: str = ""
    incident: str = ""
    label: str = ""

    def words(self) -> Mapping[str, str]:
        return {
            "principal": self.principal,
            "target": self.target,
            "capability": self.capability,
            "incident": self.incident,
            "label": self.label,
        }


def deny(refusal: Refusal, policies: Iterable[str] = ()) -> Decision:
    return Decision(Effect.DENY, tuple(policies), refusal, frozenset())


def by_policies(policies: tuple[Policy, ...], subject: Subject, *, otherwise: Refusal) -> Refusal:
    """In the words of the first of ``policies`` that has words; ``otherwise`` when there is no policy at all."""
    if not policies:
        return otherwise
    spoken = next((policy for policy in policies if policy.message), policies[0])
    message = spoken.message or f"the policy {spoken.id} says no: {spoken.description or spoken.effect}"
    next_step = spoken.next_step or f"safelight policy explain names what {spoken.id} asks for"
    return Refusal(spoken.id, _fill(message, subject), _fill(next_step, subject))


def nothing_permits(action: str, subject: Subject) -> Refusal:
    """Cedar's default: without a permit the answer is no."""
    where = f" on {subject.target}" if subject.target else ""
    return Refusal(
        "policy.nothing-permits",
        f"no policy lets {subject.principal} {action}{where}",
        "safelight policy explain shows what would; whoever writes the policies can add it",
    )


def principal_disabled(name: str) -> Refusal:
    return Refusal("principal.disabled", f"{name} is disabled", "ask an administrator")


def sponsor_unknown(agent: str) -> Refusal:
    return Refusal(
        "agent.sponsor",
        f"the agent {agent} has no sponsor, or acts for somebody else than its sponsor",
        "ask an administrator to give the agent a sponsor",
    )


def grant_not_for(grant: Grant, principal: str, target: str) -> Refusal | None:
    """Why ``grant`` is not one for this principal on this target now, or None."""
    again = request_command(target, (), grant.incident_id)
    if grant.principal != principal:
        return Refusal("grant.principal", "the grant belongs to somebody else", again)
    if target not in grant.targets:
        return Refusal("grant.target", f"the grant does not cover {target}", again)
    return None


def grant_over(grant: Grant, target: str) -> Refusal:
    return Refusal("grant.ended", "the grant has ended", request_command(target, (), grant.incident_id))


def incident_unknown(grant: Grant, target: str) -> Refusal:
    return Refusal(
        "grant.incident",
        f"the grant's incident {grant.incident_id} is not known here",
        request_command(target, (), None),
    )


def capability_missing(missing: frozenset[Capability], grant: Grant, target: str) -> Refusal:
    names = sorted(missing)
    return Refusal(
        "grant.capability",
        f"the grant does not cover {_listed(names)}",
        request_command(target, names, grant.incident_id),
    )


def request_command(target: str, capabilities: Iterable[Capability], incident: str | None) -> str:
    """The command that asks for what is missing."""
    words = ["safelight request", target]
    words += [f"--capability {capability.value}" for capability in capabilities]
    if incident is not None:
        words.append(f"--incident {incident}")
    return " ".join(words)


def _listed(names: list[Capability]) -> str:
    *most, last = [name.value for name in names]
    return f"{', '.join(most)} and {last}" if most else last


def _fill(template: str, subject: Subject) -> str:
    words = subject.words()
    return _PLACEHOLDER.sub(lambda match: words.get(match.group(1), match.group()), template)
