"""Who counts as one person (I7): whatever the tree of accounts looks like."""

from hypothesis import given
from hypothesis import strategies as st

from safelight.domain.principal import Principal, PrincipalKind
from safelight.domain.separation import behind, may_not_decide, same_person


def tree(parents: list[tuple[int, int | None]]) -> dict[str, Principal]:
    """Account n was made by an earlier one, and may be an agent of an earlier one."""
    people = {"p0": Principal("p0", PrincipalKind.PERSON, frozenset(), None, None, False, 1)}
    for number, (creator, sponsor) in enumerate(parents, 1):
        kind = PrincipalKind.PERSON if sponsor is None else PrincipalKind.AGENT
        sponsored = None if sponsor is None else f"p{sponsor % number}"
        name = f"p{number}"
        people[name] = Principal(name, kind, frozenset(), f"p{creator % number}", sponsored, False, 1)
    return people


trees = st.lists(st.tuples(st.integers(0, 20), st.none() | st.integers(0, 20)), min_size=1, max_size=12).map(tree)


@given(trees, st.data())
def test_one_person_goes_both_ways_and_follows_every_path(people: dict[str, Principal], data: st.DataObject) -> None:
    names = st.sampled_from(sorted(people))
    a, b = data.draw(names), data.draw(names)
    assert same_person(a, b, people) == same_person(b, a, people)
    assert same_person(a, a, people)
    for parent in (people[a].created_by, people[a].sponsor):
        if parent is not None:
            assert same_person(a, parent, people)
            assert behind(parent, people) < behind(a, people)


@given(trees, st.data())
def test_whoever_may_decide_is_a_person_off_every_path(people: dict[str, Principal], data: st.DataObject) -> None:
    names = st.sampled_from(sorted(people))
    decider, requester, other = data.draw(names), data.draw(names), data.draw(names)
    if may_not_decide(people[decider], requester, [other], people) is None:
        assert people[decider].kind is PrincipalKind.PERSON
        for somebody in (requester, other):
            assert decider not in behind(somebody, people) and somebody not in behind(decider, people)


def test_a_loop_in_damaged_data_is_one_person_and_ends() -> None:
    people = {
        name: Principal(name, PrincipalKind.PERSON, frozenset(), maker, None, False, 1)
        for name, maker in (("a", "b"), ("b", "c"), ("c", "a"))
    }
    assert behind("a", people) == {"a", "b", "c"}


def test_siblings_are_two_people() -> None:
    assert not same_person("p1", "p2", tree([(0, None), (0, None)]))
