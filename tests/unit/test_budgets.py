"""Budgets: a sum for a month, and what happens on the way there."""

from typing import Any

import pytest

from attimo.billing import card_file, months
from attimo.control import Control, usage
from attimo.serve.allowances import BUDGETS_SECONDS, Allowances
from fakes import Batch, Client, Clock, Listener, Used
from planning import audited

GIB = 2**30
CARD = "momento-2022-09"
"""0.15 USD for each GiB after the first 50."""


class Seconds:
    """Time that passes by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def watch(control: Control, seconds: Seconds) -> Allowances:
    return Allowances(control, card_file.load(), lambda *_: None, time=seconds)


@pytest.fixture
def cache(owner: Client, node: Listener) -> int:
    """A cache of account 1."""
    owner.ask("PUT", "/caches/shop")
    (found,) = [each.id for each in node.caches.values() if each.name == "shop"]
    return found


def spend(control: Control, cache: int, number: int, gib: int) -> None:
    used = Used(cache, "key", "Set", bytes_in=gib * GIB)
    with control.begin() as tx:
        usage.record(tx, Batch("node", number, [used]))


def set_(client: Client, **budget: Any) -> dict[str, Any]:
    answer = client.ask("PUT", "/budget", {"card": CARD, **budget})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def held(client: Client) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.ask("GET", "/limits").json()["account"]["holds"]
    return found


def reached(client: Client) -> list[int]:
    return [each["details"]["percent"] for each in audited(client, "allowance.reach")]


def test_a_budget_shows_what_is_spent_of_it(
    owner: Client, control: Control, cache: int, clock: Clock
) -> None:
    spend(control, cache, 1, 60)

    made = set_(owner, amount="10.00")

    assert made == {
        "amount": "10",
        "card": CARD,
        "currency": "USD",
        "effects": {"at_50": "notify", "at_80": "notify", "at_100": "notify"},
        "month": str(months.at(clock.now)),
        "spent": "1.50",
    }
    assert owner.ask("GET", "/budget").json() == made


def test_each_share_is_told_once_and_does_what_the_account_has_set(
    owner: Client,
    control: Control,
    cache: int,
    node: Listener,
    watch: Allowances,
    seconds: Seconds,
) -> None:
    effects = {"at_80": "throttle", "at_100": "block"}
    set_(owner, amount="3", effects=effects, throttle_bytes_per_second=1_000)
    found = []
    for number, gib in enumerate((59, 1, 6, 4), start=1):  # 1.35, 1.50, 2.40, 3.00
        spend(control, cache, number, gib)
        seconds.now += BUDGETS_SECONDS
        watch.look()
        found.append((reached(owner), dict(node.limits.get(1, {}))))

    assert found == [
        ([], {}),
        ([50], {}),
        ([80, 50], {"throttle_bytes_per_second": 1_000}),
        ([100, 80, 50], {"over_budget": 100}),
    ]
    assert held(owner) == [{"kind": "budget", "effect": "block"}]


def test_a_budget_that_is_spent_already_holds_at_once(
    owner: Client, control: Control, cache: int, node: Listener
) -> None:
    spend(control, cache, 1, 60)

    set_(owner, amount="1.5", effects={"at_100": "block"})
    blocked = dict(node.limits[1])
    set_(owner, amount="15", effects={"at_100": "block"})

    assert (blocked, node.limits[1], held(owner)) == ({"over_budget": 100}, {}, [])


def test_what_shall_not_be_told_is_not(
    owner: Client, control: Control, cache: int, watch: Allowances
) -> None:
    set_(owner, amount="1", effects=dict.fromkeys(("at_50", "at_80", "at_100"), "nothing"))
    spend(control, cache, 1, 100)
    watch.look()

    assert (reached(owner), held(owner)) == ([], [])


def test_a_deleted_budget_holds_nobody(
    owner: Client, control: Control, cache: int, node: Listener
) -> None:
    spend(control, cache, 1, 60)
    set_(owner, amount="1", effects={"at_50": "block"})

    assert owner.ask("DELETE", "/budget").status_code == 204

    assert (node.limits[1], held(owner)) == ({}, [])
    for method in ("GET", "DELETE"):
        gone = owner.ask(method, "/budget")
        assert (gone.status_code, gone.json()["err"]) == (404, "budget_not_found")


def test_a_new_month_begins_with_the_whole_budget(
    owner: Client, control: Control, cache: int, node: Listener, watch: Allowances, clock: Clock
) -> None:
    spend(control, cache, 1, 60)
    set_(owner, amount="1", effects={"at_100": "block"})
    watch.look()
    blocked = held(owner)

    clock.now = months.at(clock.now).end
    watch.look()

    assert blocked
    assert (node.limits[1], held(owner)) == ({}, [])
    assert owner.ask("GET", "/budget").json()["spent"] == "0.00"


@pytest.mark.parametrize(
    ("asked", "status", "message"),
    [
        ({"amount": "0"}, 400, "amount must be more than 0"),
        ({"amount": "-1"}, 400, "amount must be more than 0"),
        ({"amount": "nan"}, 400, "amount must be more than 0"),
        ({"amount": "Infinity"}, 400, "amount must be more than 0"),
        ({"amount": "1e30"}, 400, "amount must be more than 0"),
        ({"amount": "1.1234567"}, 400, "amount must be more than 0"),
        ({"amount": "1" * 5_000}, 400, "amount must be more than 0"),
        ({"amount": "ten"}, 400, "amount must be more than 0"),
        ({"amount": "\u0661"}, 400, "amount must be more than 0"),
        ({"amount": 10}, 400, "amount: "),
        ({}, 400, "amount: Field required"),
        ({"amount": "1", "card": "none"}, 404, "card: there is no rate card 'none'"),
        ({"amount": "1", "effects": {"at_50": "stop"}}, 400, "effects.at_50: "),
        ({"amount": "1", "effects": {"at_90": "block"}}, 400, "effects.at_90: "),
        ({"amount": "1", "effects": {"at_50": "throttle"}}, 400, "throttle_bytes_per_second must"),
        ({"amount": "1", "throttle_bytes_per_second": 0}, 400, "throttle_bytes_per_second must"),
    ],
)
def test_a_budget_that_is_wrong_is_refused_by_its_field_and_the_old_one_stays(
    owner: Client, asked: dict[str, Any], status: int, message: str
) -> None:
    before = set_(owner, amount="7")

    refused = owner.ask("PUT", "/budget", asked)

    assert refused.status_code == status
    assert refused.json()["message"].startswith(message)
    assert owner.ask("GET", "/budget").json() == before


def test_a_viewer_sees_the_budget_and_sets_none(owner: Client) -> None:
    set_(owner, amount="7")
    made = owner.ask("POST", "/api-keys", {"role_id": "viewer", "description": "d"}).json()
    viewer = Client(owner.app, 1, made["key_info"]["key_id"])

    assert viewer.ask("GET", "/budget").status_code == 200
    assert viewer.ask("PUT", "/budget", {"amount": "1"}).status_code == 403
    assert viewer.ask("DELETE", "/budget").status_code == 403
