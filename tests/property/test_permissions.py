"""The algebra of permissions: more grants never allow less, narrower selectors never allow more."""

import json
from ipaddress import ip_network
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from attimo.control.permissions import KINDS, SERVER_MANAGEMENT, Permissions, Rule, of_text
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


text_selectors = st.one_of(
    st.just(ALL),
    st.builds(Selector, st.just("exact"), texts),
    st.builds(Selector, st.just("prefix"), texts),
)


def rules(type: str = "cache") -> st.SearchStrategy[Rule]:
    verbs = st.sets(st.sampled_from(KINDS[type].verbs), min_size=1).map(frozenset)
    chosen = {
        "cache": st.tuples(text_selectors, selectors),
        "resource_management": st.tuples(text_selectors),
        "auth_management": st.just((ALL,)),
        "token_management": st.just(()),
        SERVER_MANAGEMENT: st.just(()),
    }
    return st.builds(Rule, st.just(type), verbs, chosen[type])


some_rules = st.one_of(
    rules(),
    rules("resource_management"),
    rules("auth_management"),
    rules("token_management"),
    rules(SERVER_MANAGEMENT),
)
sets = st.builds(Permissions, st.lists(some_rules, min_size=1, max_size=4).map(tuple), networks)
questions = st.tuples(st.sampled_from(["read", "write"]), texts, names)


def may(permissions: Permissions, question: tuple[str, bytes, bytes]) -> bool:
    """Whether a rule grants this verb on this key of this cache."""
    verb, cache, key = question
    return any(
        verb in rule.verbs and rule.selectors[0].chooses(cache) and rule.selectors[1].chooses(key)
        for rule in permissions.rules
        if rule.type == "cache"
    )


@given(sets, rules(), questions)
def test_a_grant_more_never_takes_a_right_away(
    some: Permissions, more: Rule, question: tuple[str, bytes, bytes]
) -> None:
    joined = Permissions((*some.rules, more), some.networks)

    assert joined.covers(some)
    assert may(joined, question) >= may(some, question)


def test_the_control_plane_decides_as_the_data_plane_does() -> None:
    """The same table is asked in `rust/server/src/permissions.rs`."""
    table = json.loads((Path(__file__).parent / "permissions.json").read_text())

    for each in table:
        permissions = of_text(json.dumps({"rules": each["rules"]}))
        cache, key = each["cache"].encode(), each["key"].encode()
        allowed = [verb for verb in ("read", "write") if may(permissions, (verb, cache, key))]
        assert allowed == each["may"], each


@given(sets, sets, texts, st.sampled_from(["write", "list"]))
def test_who_covers_another_manages_and_lists_all_that_the_other_does(
    a: Permissions, b: Permissions, cache: bytes, verb: str
) -> None:
    one = Selector("exact", cache)
    if a.covers(b):
        for type in ("resource_management", "cache", "token_management", "auth_management"):
            assert a.allows(type, verb, one) >= b.allows(type, verb, one)


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


@given(sets, questions)
def test_in_another_account_a_set_is_the_same_but_for_the_server(
    permissions: Permissions, question: tuple[str, bytes, bytes]
) -> None:
    there = permissions.within(2)

    assert permissions.within(1) == permissions
    assert permissions.covers(there)
    assert may(there, question) == may(permissions, question)
    assert not any(there.allows(SERVER_MANAGEMENT, verb) for verb in ("read", "write", "list"))
    about_server = any(rule.type == SERVER_MANAGEMENT for rule in permissions.rules)
    assert there.covers(permissions) != about_server


@given(sets, sets, questions)
def test_what_two_sets_permit_together_is_what_each_of_them_permits(
    a: Permissions, b: Permissions, question: tuple[str, bytes, bytes]
) -> None:
    both = a.within_both(b)

    assert may(both, question) == (may(a, question) and may(b, question))
    assert a.covers(both)
    assert b.covers(both)


@given(sets, sets)
def test_what_is_beyond_a_set_is_missing_in_it_and_the_rest_is_not(
    a: Permissions, b: Permissions
) -> None:
    beyond = a.beyond(b)

    if not beyond:
        assert Permissions(b.rules).covers(Permissions(a.rules))
    assert not any(b.covers(Permissions((rule,))) for rule in beyond)
