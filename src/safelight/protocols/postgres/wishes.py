"""What the relay waits for. The driver grants a wish and tells the relay; until then later messages wait in order."""

from dataclasses import dataclass

from safelight.protocols.postgres.plan import MessagePlan


@dataclass(frozen=True, slots=True)
class NeedPlan:
    """Read and decide this text. Answer: ``Relay.planned``."""

    text: bytes
    extended: bool


@dataclass(frozen=True, slots=True)
class NeedDurable:
    """The audit record at ``intent`` must be fsynced first. Answer: ``Relay.durable``."""

    intent: int


@dataclass(frozen=True, slots=True)
class NeedApproval:
    """A second person must approve this exact statement. Answer: ``Relay.approved`` or ``Relay.denied``."""

    plan: MessagePlan
    text: bytes
    parameters: tuple[bytes | None, ...]
    extended: bool


@dataclass(frozen=True, slots=True)
class NeedCatalog:
    """The catalog has changed, or may have: load it again. Answer: ``Relay.reloaded``."""


Wish = NeedPlan | NeedDurable | NeedApproval | NeedCatalog
