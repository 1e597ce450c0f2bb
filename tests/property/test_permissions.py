"""The algebra of permissions: more grants never allow less, narrower selectors never allow more."""

from ipaddress import ip_network

from hypothesis import given
from hypothesis import strategies as st

from attimo.control.permissions import KINDS, Permissions, Rule, of_text
from attimo.control.selectors import ALL, Selector

names = st.sampled_from([b"a", b"ab", b"abc", b"b", b"\xff", b"a\x00"])
texts = st.sampled_from([b"a", b"ab", b"b"])
selectors = st.one_of(
    st.just(ALL),
    st.builds(Selector, st.just("exact"), names),
    st.builds(Selector, st.just("prefix"), names),
)
ranges = st.sampled_from([ip_network(f"10.0.0.0/{bits}") for bits in (8, 16, 24)])
networks = st.lists(st.lists(ranges, min_size=1, max_size=2).map(tuple), max_size=2).map(tuple)


def rules(type: str = "cache") -> st.SearchStrategy[Rule]:
    verbs = st.sets(st.sampled_from(KINDS[type].verbs), min_size=1).map(frozenset)
    caches = st.one_of(st.just(ALL), st.builds(Selector, st.just("exact"), texts))
    return st.builds(Rule, st.just(type), verbs, st.tuples(caches, selectors))


sets = st.builds(Permissions, st.lists(rules(), min_size=1, max_size=4).map(tuple), networks)
questions = st.tuples(st.sampled_from(["read", "write"]), texts, names)


def may(permissions: Permissions, question: tuple[str, bytes, bytes]) -> bool:
    """Whether a rule grants this verb on this key of this cache."""
    verb, cache, key = question
    return any(
        verb in rule.verbs and rule.selectors[0].chooses(cache) and rule.selectors[1].chooses(key)
        for rule in permissions.rules
    )


@given(sets, rules(), questions)
def test_a_grant_more_never_takes_a_right_away(
    some: Permissions, more: Rule, question: tuple[str, bytes, bytes]
) -> None:
    joined = Permissions((*some.rules, more), some.networks)

    assert joined.covers(some)
    assert may(joined, question) >= may(some, question)


@given(selectors, selectors, names)
def test_a_narrower_selector_never_chooses_more(a: Selector, b: Selector, name: bytes) -> None:
    if a.covers(b):
        assert a.chooses(name) >= b.chooses(name)


@given(sets)
def test_every_set_covers_itself_and_comes_back_as_it_was(some: Permissions) -> None:
    assert some.covers(some)
    assert of_text(some.text()) == some


@given(sets, sets, sets)
def test_who_covers_one_that_covers_a_third_covers_the_third(
    a: Permissions, b: Permissions, c: Permissions
) -> None:
    if a.covers(b) and b.covers(c):
        assert a.covers(c)


@given(sets, sets, questions)
def test_who_covers_another_may_all_that_the_other_may(
    a: Permissions, b: Permissions, question: tuple[str, bytes, bytes]
) -> None:
    if a.covers(b):
        assert may(a, question) >= may(b, question)
