"""Which audit intents must be fsynced before their statement may be forwarded (DESIGN §4.3).

An intent is always written before its statement leaves, so it survives this process. It must survive the machine
too, unless losing it is harmless: the statement changes nothing and the server enforces that, or whatever it does is
undone with its transaction and the COMMIT waits.
"""

from safelight.protocols.postgres.plan import MessagePlan

UNDOING = frozenset({"begin", "rollback", "savepoint", "release", "rollback_to"})
"""Transaction statements that make nothing last."""


class Durability:
    """One session's. It remembers whether the open transaction has intents that only its COMMIT waits for."""

    def __init__(self) -> None:
        self._deferred = False

    def must_wait(self, plan: MessagePlan, *, in_block: bool) -> bool:
        """``in_block``: a transaction block is known to be open, and nothing is in flight that could end it."""
        if plan.simple_read and plan.statements[0].safe_to_lose:
            return False
        alone_in_block = in_block and len(plan.statements) == 1
        wait = False
        for statement in plan.statements:
            transaction = statement.analysis.transaction
            if transaction == "commit":
                wait |= self._deferred
                self._deferred = False
            elif statement.safe_to_lose or transaction in UNDOING:
                continue
            elif alone_in_block and statement.analysis.facts.rollback_safe:
                self._deferred = True
            else:
                wait = True
        return wait
