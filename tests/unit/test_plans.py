"""Plans: who makes them, what they limit, and what happens to those who have more."""

import re
from pathlib import Path
from typing import Any

import pytest

from attimo.control import Control
from attimo.control.plan_limits import KINDS, MOST_BYTES
from attimo.control.plans import MOST
from fakes import Client, Listener
from planning import assign, audited, create, listed

ROOT = Path(__file__).parents[2]
FREE = {"transfer_bytes_per_month": 50 * 2**30}


def everything(owner: Client, node: Listener) -> tuple[Any, ...]:
    """What a refused change must leave as it is."""
    accounts = [owner.ask("GET", f"/accounts/{each}/limits").json() for each in (1, 2)]
    trail = owner.ask("GET", "/audit").json()["entries"]
    return listed(owner), accounts, trail, len(node.heard), dict(node.limits)


def test_the_owner_of_the_server_is_unlimited_and_everybody_else_is_on_the_free_plan(
    owner: Client, node: Listener
) -> None:
    made = owner.ask("POST", "/accounts", {"name": "team"}).json()

    assert owner.ask("GET", "/accounts/1").json()["plan"] == "unlimited"
    assert made["plan"] == "free"
    assert listed(owner) == {"free": FREE, "unlimited": {}}
    assert node.limits == {2: FREE, made["account_id"]: FREE}


def test_a_plan_can_have_every_limit_at_both_ends_of_its_range(owner: Client) -> None:
    least = {name: kind.least for name, kind in KINDS.items()} | {"transfer_used_up": "block"}
    most = {name: kind.most for name, kind in KINDS.items()} | {"transfer_used_up": "throttle"}

    create(owner, "least", **least)
    create(owner, "most", **most)

    assert listed(owner) == {"least": least, "most": most, "free": FREE, "unlimited": {}}


@pytest.mark.parametrize("name", [name for name, kind in KINDS.items() if kind.least > 0])
def test_zero_is_refused_where_it_would_lock_an_account_out(owner: Client, name: str) -> None:
    refused = owner.ask("POST", "/plans", {"name": "p", "limits": {name: 0}})

    assert refused.status_code == 400
    assert refused.json()["message"].startswith(f"limits.{name} must be from 1 to ")


@pytest.mark.parametrize(
    ("name", "limits", "field"),
    [
        ("", {}, "name must be 1 to 63 of a-z, 0-9 and -"),
        ("Big", {}, "name must be"),
        ("a b", {}, "name must be"),
        ("-a", {}, "name must be"),
        ("a" * 64, {}, "name must be"),
        ("ok", {"caches": -1}, "limits.caches must be from 1 to 1,000,000"),
        ("ok", {"caches": 10**7}, "limits.caches must be from 1 to 1,000,000"),
        ("ok", {"caches": 10**400}, "limits.caches must be from 1 to 1,000,000"),
        ("ok", {"caches": 1.5}, "limits.caches must be a whole number"),
        ("ok", {"caches": "5"}, "limits.caches must be a whole number"),
        ("ok", {"caches": True}, "limits.caches must be a whole number"),
        ("ok", {"caches": [5]}, "limits.caches must be a whole number"),
        ("ok", {"cache": 5}, "limits.cache is not a limit; there are transfer_bytes_per_month,"),
        ("ok", {"x" * 5_000: 5}, f"limits.{'x' * 73} is not a limit"),
        ("ok", {"stored_bytes": MOST_BYTES + 1}, "limits.stored_bytes must be from 1 to"),
        ("ok", {"transfer_used_up": "bill"}, "limits.transfer_used_up must be one of allow,"),
        ("ok", {"transfer_used_up": 1}, "limits.transfer_used_up must be one of allow,"),
        ("ok", {"transfer_used_up": "throttle"}, "limits.throttle_bytes_per_second must be a"),
        ("ok", [5], "limits: "),
    ],
)
def test_a_plan_that_is_wrong_is_refused_by_the_name_of_the_field_and_nothing_changes(
    owner: Client, node: Listener, name: str, limits: Any, field: str
) -> None:
    create(owner, "kept", caches=5)
    before = everything(owner, node)

    refused = owner.ask("POST", "/plans", {"name": name, "limits": limits})
    changed = owner.ask("PUT", "/plans/kept", {"limits": limits}) if name == "ok" else refused

    for answer in (refused, changed):
        assert answer.status_code == 400
        assert answer.json()["message"].startswith(field)
    assert everything(owner, node) == before


@pytest.mark.parametrize(
    ("asked", "status", "message"),
    [
        ({"plan": "gone"}, 404, "There is no plan 'gone'"),
        ({"plan": "free", "overrides": {"keys": -1}}, 400, "overrides.keys must be from 1"),
        ({"plan": "free", "overrides": {"key": 1}}, 400, "overrides.key is not a limit"),
        (
            {"plan": "free", "overrides": {"transfer_used_up": "throttle"}},
            400,
            "overrides.throttle_bytes_per_second must be a number",
        ),
        ({"plan": "free", "more": 1}, 400, "more: "),
        ({"overrides": {}}, 400, "plan: Field required"),
    ],
)
def test_an_assignment_that_is_wrong_is_refused_and_nothing_changes(
    owner: Client, node: Listener, asked: Any, status: int, message: str
) -> None:
    assign(owner, 2, "free", keys=7)
    before = everything(owner, node)

    refused = owner.ask("PUT", "/accounts/2/limits", asked)

    assert refused.status_code == status
    assert refused.json()["message"].startswith(message)
    assert everything(owner, node) == before
    assert owner.ask("PUT", "/accounts/99/limits", {"plan": "free"}).status_code == 404


def test_only_who_manages_the_server_sees_and_changes_plans(
    owner: Client, neighbour: Client, nobody: Client
) -> None:
    create(owner, "small", caches=1)

    for method, path, body in (
        ("GET", "/plans", None),
        ("GET", "/plans/small", None),
        ("POST", "/plans", {"name": "mine", "limits": {}}),
        ("PUT", "/plans/free", {"limits": {}}),
        ("DELETE", "/plans/small", None),
        ("GET", "/accounts/2/limits", None),
        ("PUT", "/accounts/2/limits", {"plan": "unlimited"}),
    ):
        assert neighbour.ask(method, path, body).status_code == 403, path
        assert nobody.ask(method, path, body).status_code == 401, path
    assert listed(owner) == {"free": FREE, "small": {"caches": 1}, "unlimited": {}}


def test_a_change_is_known_to_the_node_before_its_answer(owner: Client, node: Listener) -> None:
    create(owner, "small", operations_per_second=100, caches=5)
    assign(owner, 2, "small", caches=None, keys=3)
    first = dict(node.limits)
    owner.ask("PUT", "/plans/small", {"limits": {"operations_per_second": 200}})
    second = dict(node.limits)
    assign(owner, 2, "unlimited")

    assert first == {2: {"operations_per_second": 100, "keys": 3}}
    assert second == {2: {"operations_per_second": 200, "keys": 3}}
    assert node.limits == {2: {}}


def test_a_node_that_starts_is_told_of_all_who_have_limits(
    owner: Client, control: Control, node: Listener
) -> None:
    owner.ask("POST", "/accounts", {"name": "unlimited one"})
    assign(owner, 3, "unlimited")
    node.forget()

    control.announce()

    assert node.limits == {2: FREE}


def test_a_deleted_account_has_no_limits(owner: Client, node: Listener) -> None:
    owner.ask("DELETE", "/accounts/2")

    assert node.limits == {2: {}}
    assert owner.ask("GET", "/accounts/2/limits").status_code == 404


def test_what_changes_nothing_leaves_no_trace(owner: Client, node: Listener) -> None:
    create(owner, "small", caches=5)
    assign(owner, 2, "small", keys=3)
    before = everything(owner, node)

    owner.ask("PUT", "/plans/small", {"limits": {"caches": 5}})
    assign(owner, 2, "small", keys=3)

    assert everything(owner, node) == before


def test_a_plan_that_accounts_have_is_deleted_only_with_a_successor(
    owner: Client, neighbour: Client, node: Listener
) -> None:
    create(owner, "small", caches=5)
    create(owner, "large", caches=50)
    assign(owner, 2, "small", keys=3)

    in_use = owner.ask("DELETE", "/plans/small")
    itself = owner.ask("DELETE", "/plans/small?successor=small")
    unknown = owner.ask("DELETE", "/plans/small?successor=gone")
    kept = listed(owner)
    deleted = owner.ask("DELETE", "/plans/small?successor=large")

    assert (in_use.status_code, in_use.json()["err"]) == (412, "plan_in_use")
    assert "1 account:" in in_use.json()["message"]
    assert (itself.status_code, unknown.status_code) == (400, 404)
    assert "small" in kept
    assert deleted.status_code == 204
    assert node.limits[2] == {"caches": 50, "keys": 3}
    assert owner.ask("GET", "/plans/small").status_code == 404
    assert audited(neighbour, "plan.assign")[0]["subject"] == "large"


def test_the_plans_that_the_server_needs_stay(owner: Client) -> None:
    for name in ("free", "unlimited"):
        refused = owner.ask("DELETE", f"/plans/{name}?successor=free")
        assert (refused.status_code, refused.json()["err"]) == (412, "plan_is_fixed")
    changed = owner.ask("PUT", "/plans/unlimited", {"limits": {"caches": 1}})
    assert (changed.status_code, changed.json()["err"]) == (412, "plan_is_fixed")


def test_a_name_is_taken_once_and_there_are_not_too_many_plans(owner: Client) -> None:
    for number in range(MOST - 2):
        create(owner, f"p{number}")

    taken = owner.ask("POST", "/plans", {"name": "p1", "limits": {}})
    assert owner.ask("DELETE", "/plans/p0").status_code == 204
    taken = owner.ask("POST", "/plans", {"name": "p1", "limits": {}})
    create(owner, "p0")
    full = owner.ask("POST", "/plans", {"name": "more", "limits": {}})

    assert (taken.status_code, taken.json()["err"]) == (409, "plan_exists")
    assert (full.status_code, full.json()["err"]) == (429, "quota_exceeded")


def test_who_did_what_to_whose_limits_is_in_both_audit_logs(
    owner: Client, neighbour: Client
) -> None:
    create(owner, "small", caches=5)
    owner.ask("PUT", "/plans/small", {"limits": {"caches": 6}})
    assign(owner, 2, "small", keys=3)
    assign(owner, 2, "free")
    owner.ask("DELETE", "/plans/small")

    (created,) = audited(owner, "plan.create")
    (changed,) = audited(owner, "plan.change")
    back, forth = audited(owner, "plan.assign")
    (deleted,) = audited(owner, "plan.delete")
    assert (created["subject"], created["details"]) == ("small", {"limits": {"caches": 5}})
    assert changed["details"] == {"limits": {"caches": 6}}
    assert forth["details"] == {"id": 2, "plan": "small", "overrides": {"keys": 3}}
    assert (back["subject"], deleted["subject"]) == ("neighbour", "small")
    theirs = audited(neighbour, "plan.assign")
    assert [each["actor"] for each in theirs] == ["system", "system"]


def test_no_rule_asks_for_the_name_of_a_plan() -> None:
    """Plans carry limits only; nothing else depends on which one an account has."""
    files = [*ROOT.glob("python/attimo/**/*.py"), *ROOT.glob("rust/*/src/**/*.rs")]

    found = {
        str(file.relative_to(ROOT))
        for file in files
        if re.search(r"\bplan(_name)? [=!]=|[=!]= ['\"](free|unlimited)['\"]", file.read_text())
    }

    assert found == set()
