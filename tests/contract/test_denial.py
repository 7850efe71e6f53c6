"""A denial happens before the target sees anything, says why and what to do next, and costs nobody the session."""

from tests.contract.conftest import CAPABILITIES, Connect
from tests.contract.harness import Harness


def test_a_denial_names_the_rule_and_the_session_goes_on(harness: Harness, connect: Connect) -> None:
    client = connect(harness.gateway.session(harness.target))
    for _ in range(3):
        told = client.denied()
        assert "safelight" in told and "Rule: " in told
        client.ask()
    assert not harness.changed()


def test_a_denial_keeps_the_order_of_a_pipeline(harness: Harness, connect: Connect) -> None:
    client = connect(harness.gateway.session(harness.target, capabilities=CAPABILITIES))
    first, refusal, second = client.denied_in_a_pipeline()
    assert (first, second) == ("one", "two")
    assert "safelight" in refusal
    client.ask()
    assert not harness.changed()


def test_denials_are_on_the_record(harness: Harness, connect: Connect) -> None:
    client = connect(harness.gateway.session(harness.target))
    client.denied()
    found = harness.gateway.api("GET", f"/audit/records?session={client.session}&kind=statement.refused", by="sam")
    assert len(found["records"]) == 1
    assert found["records"][0]["fields"]["rule"]
