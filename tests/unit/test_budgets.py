"""Budgets: a sum for a month, and what happens on the way there."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from attimo.api.budgets import SetBudget
from attimo.billing import card_file, months
from attimo.billing.bill import bill
from attimo.billing.card import Card
from attimo.billing.card_file import Cards
from attimo.billing.months import DAY
from attimo.control import Control, closing, members, usage, users
from attimo.errors import StoreUnavailable
from attimo.serve.allowances import AGAIN_SECONDS, BUDGETS_SECONDS, Allowances
from fakes import Batch, Client, Clock, Listener, Seconds, Used
from planning import audited

GIB = 2**30
CARD = "momento-2022-09"
"""0.15 USD for each GiB after the first 50."""


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
        "not_metered": [],
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


def test_setting_the_budget_that_there_is_leaves_no_trace(owner: Client) -> None:
    same = {"amount": "10.00", "effects": {"at_100": "block"}}
    first = set_(owner, **same)

    again = [set_(owner, **same) for _ in range(3)]
    entries = [each["details"]["amount"] for each in audited(owner, "budget.set")]
    set_(owner, **same | {"amount": "11"})

    assert again == [first] * 3
    assert entries == ["10.00"]
    assert [each["details"]["amount"] for each in audited(owner, "budget.set")] == ["11", "10.00"]


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
        ({"amount": "0.000000"}, 400, "amount must be more than 0"),
        ({"amount": "1000000000.000001"}, 400, "amount must be more than 0"),
        ({"amount": "1_000"}, 400, "amount must be more than 0"),
        ({"amount": " 5 "}, 400, "amount must be more than 0"),
        ({"amount": "5\n"}, 400, "amount must be more than 0"),
        ({"amount": "1e3"}, 400, "amount must be more than 0"),
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


@pytest.mark.parametrize("amount", ["0.5", "0.000001", "12.50", "1000000000", "1000000000.00"])
def test_a_sum_that_the_description_of_the_api_allows_is_taken(owner: Client, amount: str) -> None:
    pattern = SetBudget.model_json_schema()["properties"]["amount"]["pattern"]

    assert re.search(pattern, amount)
    assert set_(owner, amount=amount)["spent"] == "0.00"


@pytest.mark.parametrize(
    "amount", ["0", "0.0", "1e3", "1_000", " 5", "-1", "1.1234567", "1000000001", "007"]
)
def test_a_sum_that_the_description_of_the_api_forbids_is_refused(
    owner: Client, amount: str
) -> None:
    pattern = SetBudget.model_json_schema()["properties"]["amount"]["pattern"]

    assert not re.search(pattern, amount)
    assert owner.ask("PUT", "/budget", {"amount": amount}).status_code == 400


@dataclass
class Meanwhile:
    """Rate cards; something happens whenever one is taken for a bill."""

    cards: Cards
    happens: Callable[[], object]

    @property
    def by_name(self) -> Any:
        """Of the cards."""
        return self.cards.by_name

    def named(self, name: str | None) -> Card:
        """Of the cards."""
        self.happens()
        return self.cards.named(name)


def test_others_change_things_while_bills_are_calculated(
    owner: Client, control: Control, cache: int, node: Listener, seconds: Seconds
) -> None:
    set_(owner, amount="1", effects={"at_100": "block"})
    spend(control, cache, 1, 60)

    def more() -> None:
        set_(owner, amount="100", effects={"at_100": "block"})

    cards: Any = Meanwhile(card_file.load(), more)
    Allowances(control, cards, lambda *_: None, time=seconds).look()

    assert (reached(owner), held(owner)) == ([], []), "what is compared is out of date"
    assert owner.ask("GET", "/budget").json()["amount"] == "100"


def test_setting_a_budget_calculates_one_bill(
    owner: Client, control: Control, cache: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    calculated: list[Any] = []

    def count(*args: Any) -> Any:
        calculated.append(args)
        return bill(*args)

    monkeypatch.setattr("attimo.control.budgets.bill", count)
    set_(owner, amount="1")

    assert len(calculated) == 1


def test_budgets_are_compared_again_at_once_after_the_database_could_not_be_written(
    owner: Client, control: Control, cache: int, watch: Allowances, seconds: Seconds
) -> None:
    watch.look()
    set_(owner, amount="1", effects={"at_100": "block"})
    spend(control, cache, 1, 60)
    seconds.now += BUDGETS_SECONDS

    def short() -> None:
        raise StoreUnavailable("the disk is short")

    control.need_space = short
    with pytest.raises(StoreUnavailable):
        watch.look()
    control.need_space = lambda: None
    watch.look()

    assert held(owner) == [{"kind": "budget", "effect": "block"}]


def test_an_account_is_free_in_the_next_month_also_when_the_card_is_gone(
    owner: Client, control: Control, cache: int, clock: Clock, seconds: Seconds
) -> None:
    spend(control, cache, 1, 60)
    set_(owner, amount="1", effects={"at_100": "block"})
    loaded = card_file.load()
    others = {name: card for name, card in loaded.by_name.items() if name != CARD}
    watch = Allowances(control, Cards(others, next(iter(others))), lambda *_: None, time=seconds)

    watch.look()
    still = held(owner)
    clock.now = months.at(clock.now).end
    watch.look()

    assert still
    assert held(owner) == []


def test_who_changes_a_budget_again_and_again_is_told_once_an_hour(
    owner: Client, control: Control, cache: int, seconds: Seconds
) -> None:
    with control.begin() as tx:
        members.add(tx, 1, users.create(tx, "ann@example.com", "hash"), "owner")
    letters: list[str] = []
    watch = Allowances(
        control, card_file.load(), lambda _to, subject, _text: letters.append(subject), time=seconds
    )
    spend(control, cache, 1, 60)  # 1.50

    def again(amount: str) -> None:
        set_(owner, amount=amount)
        watch.look()
        owner.ask("DELETE", "/budget")
        watch.look()

    for _ in range(3):
        again("3")
    for _ in range(3):
        again("1")
    set_(owner, amount="2.5")
    watch.look()
    within = list(letters)
    seconds.now += AGAIN_SECONDS
    watch.look()

    assert [each.split()[0] for each in within] == ["50", "100"]
    assert [each.split()[0] for each in letters[2:]] == ["50"], "what is still so is told later"


def test_a_month_that_was_closed_too_early_takes_the_usage_of_the_one_before(
    owner: Client, control: Control, cache: int, watch: Allowances, clock: Clock
) -> None:
    set_(owner, amount="1", effects={"at_100": "block"})
    now = clock.now
    for clock.now in (now + 31 * DAY, now + 32 * DAY + 1):
        with control.begin() as tx:
            closing.close(tx)
    clock.now = now

    spend(control, cache, 1, 60)
    watch.look()

    assert held(owner) == [{"kind": "budget", "effect": "block"}]
    shown = owner.ask("GET", "/budget").json()
    assert (shown["spent"], shown["month"]) == ("1.50", str(months.at(now + 31 * DAY)))


def test_a_deleted_account_leaves_no_budget(
    owner: Client, neighbour: Client, control: Control
) -> None:
    set_(neighbour, amount="1")

    assert owner.ask("DELETE", "/accounts/2").status_code == 204

    with control.read() as tx:
        assert tx.db.scalar("SELECT count(*) FROM budgets") == 0


def test_what_a_card_sells_and_nobody_meters_is_shown(owner: Client) -> None:
    shown = set_(owner, amount="1", card="momento-2023-03")

    assert shown["not_metered"] == owner.ask("GET", "/budget").json()["not_metered"]
    assert shown["not_metered"]


def test_a_viewer_sees_the_budget_and_sets_none(owner: Client) -> None:
    set_(owner, amount="7")
    made = owner.ask("POST", "/api-keys", {"role_id": "viewer", "description": "d"}).json()
    viewer = Client(owner.app, 1, made["key_info"]["key_id"])

    assert viewer.ask("GET", "/budget").status_code == 200
    assert viewer.ask("PUT", "/budget", {"amount": "1"}).status_code == 403
    assert viewer.ask("DELETE", "/budget").status_code == 403
