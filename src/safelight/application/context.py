"""What every use case of a node is built from."""

from collections.abc import Mapping
from dataclasses import dataclass

from safelight.application.access_state import AccessState
from safelight.application.authority import Authority
from safelight.application.changes import Changes
from safelight.application.limits import AccessLimits
from safelight.application.policy_in_force import PolicyInForce
from safelight.application.target_directory import TargetDirectory
from safelight.domain.audit_event import AuditEvent, EventKind, Scalar
from safelight.domain.deadline import Instant
from safelight.domain.errors import Denied, Refusal
from safelight.domain.target import Target
from safelight.ports.clock import Clock
from safelight.ports.live_sessions import LiveSessions
from safelight.ports.notifier import Notifier
from safelight.ports.randomness import Randomness
from safelight.ports.slow_hashes import SlowHashes

Fields = dict[str, Scalar | tuple[str, ...]]
"""The public fields of an audit event."""


@dataclass(frozen=True, slots=True)
class NodeContext:
    access: AccessState
    changes: Changes
    authority: Authority
    policy: PolicyInForce
    targets: TargetDirectory
    live: LiveSessions
    clock: Clock
    randomness: Randomness
    hashes: SlowHashes
    notifier: Notifier
    limits: AccessLimits

    def now(self) -> Instant:
        return self.clock.now()

    def event(
        self,
        kind: EventKind,
        actor: str,
        fields: Mapping[str, Scalar | tuple[str, ...]] | None = None,
        *,
        session_id: str | None = None,
        sensitive: Mapping[str, str] | None = None,
    ) -> AuditEvent:
        return AuditEvent(kind, self.clock.wall_ms(), actor, session_id, fields or {}, sensitive or {})

    def known_targets(self, names: frozenset[str]) -> tuple[Target, ...]:
        """The targets of these names, in order of name.

        Raises:
            Denied: ``target.unknown``.
        """
        found = []
        for name in sorted(names):
            target = self.targets.get(name)
            if target is None:
                raise Denied(Refusal("target.unknown", f"there is no target {name}", "see: safelight targets"))
            found.append(target)
        return tuple(found)
