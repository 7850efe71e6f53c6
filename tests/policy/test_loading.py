"""A set of policies is used whole or refused whole, and every problem says where it is."""

import pytest

from safelight.policy.engine import PolicyEngine
from safelight.policy.problems import PolicyInvalid
from safelight.policy.sources import Family, default_sources

GOOD = '@id("mine.good") permit (principal, action == Action::"read", resource);'


def problems(text: str, *, defaults: bool = False) -> list[str]:
    with pytest.raises(PolicyInvalid) as caught:
        PolicyEngine.load({"mine.cedar": text}, defaults=defaults)
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("permit (principal, action, resource);", "needs an @id"),
        ('@id("Two Words") permit (principal, action, resource);', "needs an @id"),
        ('@id("mine.x") permit (principal, action, resource)', "does not end with a semicolon"),
        ('@id("mine.x") permit (principal action);', "cannot be parsed"),
        ('@id("mine.x") permit (principal, action == Action::"raed", resource);', "raed"),
        ('@id("mine.x") permit (principal in Grup::"a", action, resource);', "unrecognized entity type `Grup`"),
        (
            '@id("mine.x") permit (principal, action, resource) when { context.approvals > 0 };',
            "attribute `approvals`",
        ),
        ('@id("mine.x") permit (principal == ?principal, action, resource);', "templates"),
        ('@id("mine.x") @mesage("no") forbid (principal, action, resource);', "unknown annotation @mesage"),
        ('@id("mine.x") @message("{who}") forbid (principal, action, resource);', "names {who}"),
        (
            '@id("mine.x") forbid (principal, action in Action::"request", resource) when'
            ' { context has incident && context.incident.state == IncidentState::"opne" };',
            "opne",
        ),
        (
            '@id("mine.x") permit (principal, action == Action::"read", resource)'
            ' when { resource.getTag("env") == "test" };',
            "unable to guarantee safety of access to tag",
        ),
        (f"{GOOD}\n{GOOD}", "@id mine.good is already used in mine.cedar:1"),
        (";", "cannot be parsed"),
        ("\0", "does not end"),
        ("/" * 300_000, "larger than"),
    ],
)
def test_a_problem_is_named(text: str, expected: str) -> None:
    found = problems(text)
    assert any(expected in problem for problem in found), found


def test_every_problem_is_reported_with_its_line() -> None:
    text = (
        f'// a comment; with a semicolon\n{GOOD}\n\npermit (principal, action, resource);\n\n@id("mine.b") permitt;\n'
    )
    found = problems(text)
    assert [problem.partition(" ")[0] for problem in found] == ["mine.cedar:4:", "mine.cedar:6:"]


def test_an_error_is_said_once_not_for_each_action() -> None:
    (only,) = problems('@id("mine.x") forbid (principal, action, resource) when { context.nope };')
    assert "more actions" in only


def test_semicolons_quotes_and_slashes_in_strings_do_not_cut_a_policy() -> None:
    text = """
    @id("mine.odd") @description("a; b // c \\" d")
    forbid (principal, action == Action::"read", resource) // trailing; comment
    when { context.form == ";//" };
    """
    engine = PolicyEngine.load({"mine.cedar": text}, defaults=False)
    assert [(policy.id, policy.line) for policy in engine.policies] == [("mine.odd", 2)]


def test_a_file_cannot_take_the_place_of_a_default_one_or_reuse_its_ids() -> None:
    name = next(iter(default_sources()))
    with pytest.raises(PolicyInvalid):
        PolicyEngine.load({name: GOOD})
    assert "already used in defaults/" in problems(GOOD.replace("mine.good", "statements.read"), defaults=True)[0]


def test_the_digest_names_the_set() -> None:
    assert PolicyEngine.load({}).digest == PolicyEngine.load({}).digest
    assert PolicyEngine.load({}).digest != PolicyEngine.load({"mine.cedar": GOOD}).digest


def test_a_policy_is_asked_wherever_its_scope_can_match() -> None:
    text = """
    @id("a.one") permit (principal, action == Action::"request_read", resource);
    @id("a.two") permit (principal, action in [Action::"kill", Action::"approve"], resource);
    @id("a.all") forbid (principal, action, resource) when { action == Action::"read" };
    @id("a.group") forbid (principal, action in Action::"statement", resource);
    """
    engine = PolicyEngine.load({"mine.cedar": text}, defaults=False)
    assert {policy.id: set(policy.families) for policy in engine.policies} == {
        "a.one": {Family.REQUEST},
        "a.two": {Family.ADMINISTRATION, Family.APPROVAL},
        "a.all": set(Family),
        "a.group": {Family.STATEMENT},
    }


def test_the_default_set_explains_itself() -> None:
    engine = PolicyEngine.load({})
    assert engine.groups == {"oncall", "approvers", "security", "admins"}
    for policy in engine.policies:
        assert policy.description, policy.id
        assert (policy.message is None) == (policy.next_step is None), policy.id
