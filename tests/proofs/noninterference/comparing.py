"""Runs generated compositions in both hospitals, through the gateway, and compares all that comes, byte by byte.

Pseudonyms are numbered in the order they come in. Rows without an order are compared as they come all the same: both
servers have the same plans, unless a labelled value made a difference to one.
"""

from collections import Counter
from dataclasses import dataclass, field
from random import Random

from tests.proofs.attacks import MODES, Message, error, normal, refusal, simple
from tests.proofs.noninterference.grammar import Composer
from tests.proofs.peer import Peer
from tests.proofs.twins import SIDES, Twins

LIMITS = "SET statement_timeout = '3s'"
TIMED_OUT = "57014"


@dataclass
class Comparison:
    """What was compared, how it ended, and what told the databases apart."""

    counts: Counter[str] = field(default_factory=Counter)
    different: list[str] = field(default_factory=list)


def compare(twins: Twins, compositions: int, seed: int) -> Comparison:
    """Run so many. Each goes by a mode chosen by chance: simple, extended, in parts, or COPY."""
    rng = Random(f"{twins.server.major}-{seed}")
    composer = Composer(rng)
    found = Comparison()
    with Peer.logged_in(twins.login(SIDES[0])) as left, Peer.logged_in(twins.login(SIDES[1])) as right:
        for peer in (left, right):
            simple(peer, LIMITS)
        for _ in range(compositions):
            text, mode = composer.statement(), rng.choice(list(MODES))
            one, other = (normal(MODES[mode](peer, text, ())) for peer in (left, right))
            how = ended(one)
            found.counts[how] += 1
            if one == other:
                continue
            if how == ended(other) == "timed out":
                continue
            leak = twins.search.found(b"".join(body for _, body in one))
            found.different.append(
                f"{mode}: {text}\n  {first_difference(one, other)}{f' LEAK {leak}' if leak else ''}"
            )
    return found


def ended(came: list[Message]) -> str:
    """In one word or two."""
    if refusal(came):
        return "refused"
    told = error(came)
    if told is None:
        return "answered"
    return "timed out" if told.startswith(TIMED_OUT) else "an error"


def first_difference(one: list[Message], other: list[Message]) -> str:
    """Of two transcripts."""
    pairs = zip(one, other, strict=False)
    return next((f"{a!r:.200} / {b!r:.200}" for a, b in pairs if a != b), f"{len(one)} / {len(other)} messages")
