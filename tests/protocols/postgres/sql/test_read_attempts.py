"""Nothing of the corpus of attempts is decided as a plain read: each is refused or needs another capability."""

from dataclasses import replace

import pytest

from safelight.domain.capability import Capability
from tests.protocols.postgres.sql.shop import SHOP, read_message
from tests.rig.attempts import Attempt, attempts

ATTEMPTS = attempts()


def test_the_corpus_is_large_and_has_no_line_twice() -> None:
    texts = [attempt.text for attempt in ATTEMPTS]
    assert len(texts) >= 170 and len(texts) == len(set(texts)) and all(texts)


@pytest.mark.parametrize("version", [150018, 180006])
@pytest.mark.parametrize("attempt", ATTEMPTS, ids=lambda attempt: attempt.tries)
def test_it_is_not_a_plain_read(attempt: Attempt, version: int) -> None:
    catalog = replace(SHOP, server_version_num=version, version=str(version))
    analysis = read_message(attempt.text, catalog)
    refused = analysis.refusal or next((s.facts.refusal for s in analysis.statements if s.facts.refusal), None)
    if refused is None:
        needed = frozenset().union(*(statement.facts.capabilities for statement in analysis.statements))
        assert needed - {Capability.READ}, "decided as a plain read"
    else:
        assert refused.rule.startswith("postgres.") and refused.message and refused.next_step
        assert refused.rule != "postgres.syntax", refused.message
