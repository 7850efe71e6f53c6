"""What the relay itself costs for one point query (as pgbench -S sends it), without gate, sockets and peers.

Run: python -m bench.relay_micro
"""

import time
from collections.abc import Callable

from safelight.domain.decision import Authorized
from safelight.domain.errors import Refusal
from safelight.protocols.postgres import messages as m
from safelight.protocols.postgres.plan import MessagePlan, Outcome, StatementPlan
from safelight.protocols.postgres.relay import Relay
from safelight.protocols.postgres.replies import Replies
from tests.protocols.postgres import conversation_playbook as book

ROUNDS = 50_000
TEXT = b"SELECT abalance FROM pgbench_accounts WHERE aid = 123456;"


class NullGate:
    """Knows one plan and records nothing, so that only the relay is measured."""

    epoch = 1

    def __init__(self, plan: MessagePlan) -> None:
        self._plan = plan
        self._authorized = Authorized(plan.statements[0], plan.statements[0].decision, 1)

    def lookup(self, text: bytes, extended: bool) -> MessagePlan | None:
        return self._plan

    def intend(
        self, plan: StatementPlan, text: bytes, parameters: tuple[bytes | None, ...]
    ) -> Authorized[StatementPlan]:
        return self._authorized

    def outcome(self, intent: int, plan: StatementPlan, outcome: Outcome, cells: dict[str, int], micros: int) -> None:
        return None

    def refused(self, text: bytes, refusal: Refusal) -> None:
        return None

    def intended(self, plan: StatementPlan, intent: int) -> Authorized[StatementPlan]:
        return self._authorized

    def mask_text(self, text: bytes) -> bytes:
        return text


def micros_per_round(client: bytes, server: bytes, *before: tuple[bytes, bytes]) -> float:
    """Both directions of one exchange, in microseconds; ``before`` are exchanges that come once."""
    plan = book.plan(book.reading(book.DETECT))
    talk = book.Talk()
    relay = Relay(NullGate(plan), talk.stream, talk.fast)
    replies = Replies(relay, "oncall", lambda name, value: None)

    def exchange(asked: bytes, told: bytes) -> None:
        relay.from_client(asked, 0)
        relay.to_target.clear()
        replies.from_target(told, 5)
        relay.to_client.clear()

    for asked, told in before:
        exchange(asked, told)
    return best(lambda: exchange(client, server))


def best(once: Callable[[], None]) -> float:
    figures = []
    for _ in range(5):
        start = time.perf_counter()
        for _ in range(ROUNDS):
            once()
        figures.append((time.perf_counter() - start) / ROUNDS * 1e6)
    return min(figures)


def main() -> None:
    columns = book.fields(("abalance", book.ORDERS, 1, book.INT4))
    rows = book.row(b"-12345") + book.done(b"SELECT 1") + book.READY
    print(f"simple query      {micros_per_round(m.query(TEXT), columns + rows):6.2f} µs")
    run = book.bind(b"", b"", b"\0\0\0\5") + book.describe(b"P", b"") + book.execute(b"") + book.SYNC
    asked, told = book.parse(b"", TEXT) + run, book.PARSED + book.BOUND + columns + rows
    print(f"extended query    {micros_per_round(asked, told):6.2f} µs")
    once = book.parse(b"", TEXT) + book.SYNC, book.PARSED + book.READY
    print(f"prepared query    {micros_per_round(run, book.BOUND + columns + rows, once):6.2f} µs")


if __name__ == "__main__":
    main()
