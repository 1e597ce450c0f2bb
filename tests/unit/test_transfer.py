"""What accounts transfer in a month: counted once, told of once, and ended as their plans say."""

from typing import Any

import pytest

from attimo.billing import card_file, months
from attimo.control import Control, closing, members, permissions, roles, transfer, usage, users
from attimo.serve.allowances import Allowances
from fakes import Batch, Client, Clock, Listener, Used
from planning import assign, audited

MONTH = 31 * 86_400
RATE = 1_000


class Post:
    """Keeps what is sent."""

    def __init__(self) -> None:
        self.letters: list[tuple[str, str, str]] = []

    def send(self, to: str, subject: str, text: str) -> None:
        self.letters.append((to, subject, text))

    @property
    def percents(self) -> list[int]:
        """The shares of which it tells."""
        return [int(subject.split()[0]) for _, subject, _ in self.letters]


@pytest.fixture
def post() -> Post:
    return Post()


@pytest.fixture(autouse=True)
def people(control: Control) -> None:
    """Ann, who may see the bills of account 2, and Bob, who may not."""
    with control.begin() as tx:
        rules = {"rules": [{"type": "cache", "permissions": ["read"], "caches": "*", "items": "*"}]}
        reader = roles.create(tx, 2, "reader", permissions.read(rules))
        members.add(tx, 2, users.create(tx, "ann@example.com", "hash"), "owner")
        members.add(tx, 2, users.create(tx, "bob@example.com", "hash"), reader.id)


@pytest.fixture
def watch(control: Control, post: Post) -> Allowances:
    return Allowances(control, card_file.load(), post.send)


@pytest.fixture
def cache(neighbour: Client, node: Listener) -> int:
    """A cache of account 2."""
    neighbour.ask("PUT", "/caches/shop")
    (found,) = [each.id for each in node.caches.values() if each.name == "shop"]
    return found


class Uses:
    """Records usage, batch after batch."""

    def __init__(self, control: Control, cache: int) -> None:
        self.control, self.cache, self.number = control, cache, 0

    def __call__(self, bytes_in: int, bytes_out: int = 0, again: bool = False) -> None:
        self.number += not again
        used = Used(self.cache, "key", "Set", bytes_in=bytes_in, bytes_out=bytes_out)
        with self.control.begin() as tx:
            usage.record(tx, Batch("node", self.number, [used]))


@pytest.fixture
def use(control: Control, cache: int) -> Uses:
    return Uses(control, cache)


def held(client: Client) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.ask("GET", "/limits").json()["account"]["holds"]
    return found


def test_received_and_sent_bytes_of_all_caches_count_once(
    neighbour: Client, control: Control, use: Uses
) -> None:
    use(700, 300)
    use(700, 300, again=True)
    use(5)

    with control.read() as tx:
        assert transfer.used(tx, 2) == 1_005
        assert transfer.used(tx, 1) == 0


def test_the_node_is_told_of_all_transfer_at_the_start_and_in_a_new_month(
    control: Control, use: Uses, clock: Clock
) -> None:
    told: list[tuple[dict[int, int], bool]] = []
    watch = Allowances(control, card_file.load(), Post().send, tell=lambda *of: told.append(of))
    use(700, 300)

    watch.begin()
    watch.look()
    clock.now += MONTH
    watch.look()
    watch.look()

    assert told == [({2: 1_000}, True)] * 2 + [({}, True)]


def test_a_batch_that_is_new_tells_whose_usage_it_has(control: Control, cache: int) -> None:
    batch = Batch("node", 1, [Used(cache, "key", "Set", bytes_in=5), Used(0, "nobody's")])

    with control.begin() as tx:
        accounts = usage.record(tx, batch)
        used = transfer.used_by(tx, accounts or ())
        again = usage.record(tx, batch)

    assert (used, again) == ({0: 0, 2: 5}, None)


def test_an_account_is_blocked_at_all_of_its_transfer_and_not_before(
    owner: Client, neighbour: Client, node: Listener, use: Uses
) -> None:
    assign(owner, 2, "free", transfer_bytes_per_month=1_000, transfer_used_up="block")

    use(999)
    before = dict(node.limits[2])
    use(1)

    assert before == {"transfer_bytes_per_month": 1_000}
    assert node.limits[2] == {"transfer_bytes_per_month": 1_000, "blocked": 1}
    assert held(neighbour) == [{"kind": "transfer", "effect": "block"}]
    assert [each["details"] for each in audited(neighbour, "allowance.hold")] == [
        {"effect": "block"}
    ]


def test_an_account_is_throttled_to_the_rate_of_its_plan(
    owner: Client, neighbour: Client, node: Listener, use: Uses
) -> None:
    limits = {"transfer_bytes_per_month": 1_000, "throttle_bytes_per_second": RATE}
    assign(owner, 2, "free", **limits, transfer_used_up="throttle")
    before = dict(node.limits[2])

    use(1_000)

    assert before == {"transfer_bytes_per_month": 1_000}
    assert node.limits[2] == limits
    assert held(neighbour) == [{"kind": "transfer", "effect": "throttle", "bytes_per_second": RATE}]


def test_an_account_that_may_go_on_is_told_and_nothing_else(
    owner: Client, neighbour: Client, node: Listener, use: Uses, watch: Allowances, post: Post
) -> None:
    assign(owner, 2, "free", transfer_bytes_per_month=1_000)

    use(5_000)
    watch.look()

    assert held(neighbour) == []
    assert node.limits[2] == {"transfer_bytes_per_month": 1_000}
    assert post.percents == [100]


def test_eighty_and_a_hundred_percent_are_told_once_to_those_who_may_see_bills(
    owner: Client,
    neighbour: Client,
    control: Control,
    use: Uses,
    watch: Allowances,
    post: Post,
) -> None:
    assign(owner, 2, "free", transfer_bytes_per_month=1_000, transfer_used_up="block")

    use(799)
    watch.look()
    quiet = list(post.letters)
    use(1)
    watch.look()
    watch.look()
    use(100)
    watch.look()
    use(100)
    watch.look()

    assert quiet == []
    assert [(to, subject) for to, subject, _ in post.letters] == [
        ("ann@example.com", "80 % of the transfer of its plan is used: neighbour"),
        ("ann@example.com", "100 % of the transfer of its plan is used: neighbour"),
    ]
    first, second = (text for *_, text in post.letters)
    assert "800 bytes of 1,000 bytes" in first
    assert "Nothing is refused." in first
    assert "its data requests are refused" in second
    marks = [each["details"]["percent"] for each in audited(neighbour, "allowance.reach")]
    assert marks == [100, 80]


def test_both_at_once_are_two_entries_and_one_letter(
    owner: Client, neighbour: Client, use: Uses, watch: Allowances, post: Post
) -> None:
    assign(owner, 2, "free", transfer_bytes_per_month=1_000)

    use(1_000)
    watch.look()

    assert len(audited(neighbour, "allowance.reach")) == 2
    assert post.percents == [100]


def test_the_first_of_the_next_month_begins_anew(
    owner: Client,
    neighbour: Client,
    node: Listener,
    use: Uses,
    watch: Allowances,
    clock: Clock,
) -> None:
    assign(owner, 2, "free", transfer_bytes_per_month=1_000, transfer_used_up="block")
    use(1_000)
    end = months.at(clock.now).end

    clock.now = end - 1
    watch.look()
    still = held(neighbour)
    clock.now = end
    watch.look()

    assert still
    assert held(neighbour) == []
    assert "blocked" not in node.limits[2]
    use(999)
    assert held(neighbour) == []
    use(1)
    assert held(neighbour)


def test_a_clock_that_jumps_a_month_and_back_neither_frees_nor_counts_twice(
    owner: Client, neighbour: Client, control: Control, use: Uses, watch: Allowances, clock: Clock
) -> None:
    assign(owner, 2, "free", transfer_bytes_per_month=1_000, transfer_used_up="block")
    use(1_000)
    now = clock.now

    clock.now += MONTH
    use(400)
    clock.now = now
    watch.look()
    blocked_again = held(neighbour)
    with control.read() as tx:
        here = transfer.used(tx, 2)
    clock.now += MONTH
    use(599)
    free = held(neighbour)
    use(1)

    assert blocked_again
    assert here == 1_000
    assert free == []
    assert held(neighbour), "what was used during the jump is a part of that month"
    assert len(audited(neighbour, "allowance.reach")) == 4


def test_more_transfer_or_another_end_counts_at_once(
    owner: Client, neighbour: Client, use: Uses, watch: Allowances, post: Post
) -> None:
    assign(owner, 2, "free", transfer_bytes_per_month=1_000, transfer_used_up="block")
    use(1_000)
    watch.look()

    assign(owner, 2, "free", transfer_bytes_per_month=2_000, transfer_used_up="block")
    more = held(neighbour)
    use(1_000)
    watch.look()
    again = held(neighbour)
    assign(owner, 2, "free", transfer_bytes_per_month=2_000)

    assert (more, held(neighbour)) == ([], [])
    assert again
    assert post.percents == [100, 100]


def test_a_changed_plan_holds_and_frees_all_who_have_it(
    owner: Client, neighbour: Client, use: Uses
) -> None:
    use(1_000)
    limits = {"transfer_bytes_per_month": 500, "transfer_used_up": "block"}
    owner.ask("PUT", "/plans/free", {"limits": limits})
    blocked = held(neighbour)

    owner.ask("PUT", "/plans/free", {"limits": {}})

    assert (bool(blocked), held(neighbour)) == (True, [])


def test_a_node_that_starts_is_told_who_is_blocked(
    owner: Client, control: Control, node: Listener, use: Uses
) -> None:
    assign(owner, 2, "free", transfer_bytes_per_month=1_000, transfer_used_up="block")
    use(1_000)
    node.forget()

    control.announce()

    assert node.limits[2]["blocked"] == 1


def test_a_letter_that_the_database_cannot_note_is_not_sent_over_and_over(
    owner: Client, control: Control, use: Uses, watch: Allowances, post: Post
) -> None:
    from attimo.errors import StoreUnavailable

    assign(owner, 2, "free", transfer_bytes_per_month=1_000)
    use(1_000)

    def short() -> None:
        raise StoreUnavailable("full")

    control.need_space = short
    for _ in range(3):
        with pytest.raises(StoreUnavailable):
            watch.look()
    quiet = list(post.percents)
    control.need_space = lambda: None
    watch.look()

    assert (quiet, post.percents) == ([], [100])


def test_an_account_that_may_transfer_nothing_is_blocked_from_its_creation(
    owner: Client, node: Listener
) -> None:
    none = {"limits": {"transfer_bytes_per_month": 0, "transfer_used_up": "block"}}
    assert owner.ask("PUT", "/plans/free", none).status_code == 200

    made = owner.ask("POST", "/accounts", {"name": "late"})

    assert made.status_code == 201, made.text
    assert node.limits[max(node.limits)]["blocked"] == 1
    assert max(node.limits) > 2


def test_a_plan_whose_rate_an_account_needs_keeps_it(owner: Client) -> None:
    owner.ask("POST", "/plans", {"name": "slow", "limits": {"throttle_bytes_per_second": RATE}})
    assign(owner, 2, "slow", transfer_used_up="throttle")

    changed = owner.ask("PUT", "/plans/slow", {"limits": {}})
    deleted = owner.ask("DELETE", "/plans/slow?successor=free")

    for refused, field in ((changed, "limits"), (deleted, "successor")):
        assert refused.status_code == 400
        assert refused.json()["message"] == (
            f"{field}.throttle_bytes_per_second must be a number if transfer_used_up is throttle, "
            "as it is for the account 'neighbour'"
        )


def test_a_month_that_was_closed_too_early_takes_the_transfer_of_the_one_before(
    owner: Client, neighbour: Client, control: Control, use: Uses, clock: Clock
) -> None:
    assign(owner, 2, "free", transfer_bytes_per_month=1_000, transfer_used_up="block")
    now = clock.now
    for clock.now in (now + MONTH, now + MONTH + months.DAY + 1):
        with control.begin() as tx:
            closing.close(tx)
    clock.now = now

    use(1_000)

    assert held(neighbour)
    with control.read() as tx:
        assert transfer.used(tx, 2) == 1_000
