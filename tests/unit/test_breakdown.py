"""The ledger, broken down, and the doors to it."""

import csv
import json
from io import StringIO

import pytest

from attimo.api.usage import as_text
from attimo.control import Control, api_keys, breakdown, caches, usage
from attimo.control.breakdown import Breakdown, By
from attimo.errors import InvalidArgument
from fakes import NOON, Batch, Client, Clock, Used

HOUR, DAY = 3600, 86400
MIDNIGHT = NOON - 12 * HOUR


def record(control: Control, number: int, *used: Used) -> None:
    with control.begin() as tx:
        assert usage.record(tx, Batch("node-1", number, list(used))) is not None


def create(control: Control, name: str, account_id: int = 1) -> int:
    with control.begin() as tx:
        return caches.create(tx, account_id, name).id


def broken_down(
    control: Control,
    *by: By,
    account_id: int = 1,
    since: int | None = None,
    until: int | None = None,
    cache: str | None = None,
) -> Breakdown:
    with control.read() as tx:
        return breakdown.of_account(tx, account_id, by, since, until, cache)


def requests(found: Breakdown) -> dict[tuple[str | int | None, ...], int]:
    return {tuple(row.of.values()): row.counts.requests for row in found.rows}


def test_what_was_used_is_told_apart_and_summed(control: Control) -> None:
    a, b = create(control, "a"), create(control, "b")
    record(control, 1, Used(a, "k", "Get", 1, bytes_in=5), Used(a, "k", "Set", 2), Used(b, "l"))

    assert requests(broken_down(control, By.CACHE)) == {("a",): 3, ("b",): 1}
    assert requests(broken_down(control, By.KEY, By.API)) == {
        ("k", "Get"): 1,
        ("k", "Set"): 2,
        ("l", "Get"): 1,
    }
    totals = broken_down(control, By.CACHE).totals
    assert (totals.requests, totals.bytes_in) == (4, 5)


def test_a_deleted_cache_keeps_its_name_and_shares_it_with_the_next(control: Control) -> None:
    old = create(control, "a")
    record(control, 1, Used(old, requests=1))
    with control.begin() as tx:
        caches.delete(tx, 1, "a")
    record(control, 2, Used(create(control, "a"), requests=2))

    assert requests(broken_down(control, By.CACHE)) == {("a",): 3}


def test_an_account_sees_its_own_use_only(control: Control) -> None:
    mine, theirs = create(control, "a"), create(control, "a", account_id=2)
    with control.begin() as tx:
        key = api_keys.create(tx, 1).key.id
    record(control, 1, Used(mine, key, requests=1), Used(0, key, requests=2))
    record(control, 2, Used(theirs, "theirs", requests=4))

    assert requests(broken_down(control, By.CACHE)) == {(None,): 2, ("a",): 1}
    assert requests(broken_down(control, By.CACHE, account_id=2)) == {("a",): 4}
    assert requests(broken_down(control, By.CACHE, cache="a")) == {("a",): 1}


def test_time_is_told_apart_by_whole_minutes_hours_and_days(control: Control, clock: Clock) -> None:
    cache = create(control, "a")
    for number, moment in enumerate((NOON, NOON + 60, NOON + HOUR, NOON + DAY)):
        clock.now = moment + 1
        record(control, number, Used(cache))

    assert list(requests(broken_down(control, By.MINUTE))) == [
        (NOON,),
        (NOON + 60,),
        (NOON + HOUR,),
        (NOON + DAY,),
    ]
    assert requests(broken_down(control, By.HOUR)) == {
        (NOON,): 2,
        (NOON + HOUR,): 1,
        (NOON + DAY,): 1,
    }
    assert requests(broken_down(control, By.DAY)) == {(MIDNIGHT,): 3, (MIDNIGHT + DAY,): 1}


def test_a_window_is_of_whole_minutes_and_this_month_if_nothing_is_said(
    control: Control, clock: Clock
) -> None:
    cache = create(control, "a")
    clock.now = 1_796_083_199  # the last second of November 2026
    record(control, 1, Used(cache, requests=1))
    clock.now += 1
    record(control, 2, Used(cache, requests=2))

    found = broken_down(control, By.API)
    assert (found.since, found.until, found.totals.requests) == (clock.now, clock.now + 60, 2)
    found = broken_down(control, By.API, since=clock.now - 1, until=clock.now)
    assert (found.since, found.until, found.totals.requests) == (clock.now - 60, clock.now, 1)


@pytest.mark.parametrize(
    ("since", "until"),
    [
        (NOON, NOON),
        (NOON + 60, NOON),
        (NOON + 60, None),
        (NOON + 50, NOON + 10),
        (NOON + 10, NOON + 10),
        (NOON + 10, None),
    ],
)
def test_an_empty_window_is_refused(control: Control, since: int, until: int | None) -> None:
    with pytest.raises(InvalidArgument, match="since must be before until"):
        broken_down(control, By.API, since=since, until=until)


@pytest.mark.parametrize("text", ["", "cache,", "caches", "cache api", "Cache", "cache,,api"])
def test_what_cannot_be_told_apart_is_refused(text: str) -> None:
    with pytest.raises(
        InvalidArgument, match="group_by must be some of cache, key, account, api, minute"
    ):
        breakdown.read_by(text)


def test_an_answer_that_would_be_too_long_is_refused(
    control: Control, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(breakdown, "MOST_ROWS", 2)
    cache = create(control, "a")
    record(control, 1, Used(cache, api="Get"), Used(cache, api="Set"))
    assert len(broken_down(control, By.API).rows) == 2
    record(control, 2, Used(cache, api="Delete"))

    with pytest.raises(InvalidArgument, match="more than 2 rows"):
        broken_down(control, By.API)


def test_stored_data_counts_in_its_hour_whatever_is_asked_for(
    control: Control, clock: Clock
) -> None:
    cache = create(control, "a")
    for number, moment in enumerate((NOON + 59 * 60, NOON + HOUR + 60, NOON + DAY)):
        clock.now = moment
        record(control, number, Used(cache, "server", "Store", 0, stored_byte_minutes=10**number))
    clock.now += 60

    def stored(
        by: By, since: int | None = None, until: int | None = None
    ) -> dict[tuple[str | int | None, ...], int]:
        found = broken_down(control, by, since=since, until=until)
        return {tuple(row.of.values()): row.counts.stored_byte_minutes for row in found.rows}

    hours = {(NOON,): 1, (NOON + HOUR,): 10, (NOON + DAY,): 100}
    assert stored(By.MINUTE) == stored(By.HOUR) == hours
    assert stored(By.DAY) == {(MIDNIGHT,): 11, (MIDNIGHT + DAY,): 100}
    assert stored(By.KEY) == {("server",): 111}
    assert stored(By.API, since=NOON + 60, until=NOON + DAY) == {("Store",): 10}


def test_usage_is_json_with_totals(control: Control, owner: Client) -> None:
    record(control, 1, Used(create(control, "a"), "k", "Get", *range(3, 17)))

    answer = owner.ask("GET", f"/usage?group_by=cache,api&since={NOON}").json()

    counts = {
        "requests": 3,
        "errors": 4,
        "hits": 5,
        "misses": 6,
        "bytes_in": 7,
        "bytes_out": 8,
        "kib_in": 9,
        "kib_out": 10,
        "commands": 11,
        "operations": 12,
        "ecpu_thousandths": 13,
        "evicted": 14,
        "stored_byte_minutes": 15,
        "stored_byte_minutes_with_overhead": 16,
    }
    assert answer == {
        "since": NOON,
        "until": NOON + 60,
        "usage": [{"cache": "a", "api": "Get", **counts}],
        "totals": counts,
    }


def test_usage_is_csv_for_who_asks_for_it(control: Control, owner: Client) -> None:
    with control.begin() as tx:
        key = api_keys.create(tx, 1).key.id
    record(control, 1, Used(create(control, 'a,"b'), key), Used(0, key))

    answer = owner.ask("GET", "/usage?group_by=cache,hour&format=csv")

    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    lines = list(csv.DictReader(StringIO(answer.text)))
    assert [(line["cache"], line["hour"], line["requests"]) for line in lines] == [
        ("", str(NOON), "1"),
        ('a,"b', str(NOON), "1"),
    ]


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", '=cmd|"calc",1', "a=1", "'a"])
def test_no_name_is_a_formula_for_a_spreadsheet(control: Control, owner: Client, name: str) -> None:
    record(control, 1, Used(create(control, name), requests=2))

    text = owner.ask("GET", "/usage?group_by=cache,api&format=csv").text

    ((cache, api, requests, *_),) = list(csv.reader(StringIO(text)))[1:]
    assert cache == (f"'{name}" if name[0] in "=+-@" else name)
    assert (api, requests) == ("Get", "2")
    (line,) = owner.ask("GET", "/usage").json()["usage"]
    assert line["cache"] == name


@pytest.mark.parametrize("text", ["\t=1", "\r=1", "\n=1", "=1"])
def test_what_a_spreadsheet_would_run_is_marked_as_text(text: str) -> None:
    assert as_text(text) == f"'{text}"


@pytest.mark.parametrize("cell", ["", "a", "a=1", None, -1, 7])
def test_what_it_would_not_run_stays_as_it_is(cell: str | int | None) -> None:
    assert as_text(cell) == cell


@pytest.mark.parametrize(
    "query", ["group_by=x", "since=-1", "until=x", "since=120&until=1", "format=xml", "since=1e9"]
)
def test_a_question_that_cannot_be_answered_is_refused(owner: Client, query: str) -> None:
    answer = owner.ask("GET", f"/usage?{query}")

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_argument")


def test_usage_and_limits_are_for_who_may_look_at_the_account(owner: Client) -> None:
    role = {"rules": [{"type": "cache", "permissions": ["read"], "caches": "*", "items": "*"}]}
    made = owner.ask("POST", "/roles", {"role_name": "data", "permissions": role}).json()
    answer = owner.ask("POST", "/api-keys", {"role_id": made["role_id"], "description": "d"})
    key = Client(owner.app, 1, json.loads(answer.text)["key_info"]["key_id"])

    for path in ("/usage", "/limits"):
        refused = key.ask("GET", path)
        assert (refused.status_code, refused.json()["code"]) == (403, "permission_denied")
        assert "lacks account_management:read" in refused.json()["message"]
