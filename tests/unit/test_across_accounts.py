"""Usage and audit across accounts, by name, for whoever may read them."""

import csv
from io import StringIO

import pytest

from attimo.control import Control, api_keys, caches, usage
from fakes import Batch, Client, Used


@pytest.fixture
def used(control: Control) -> dict[str, str]:
    """Usage of both accounts: in caches, without a known cache, and of nobody known."""
    with control.begin() as tx:
        mine, theirs = (caches.create(tx, id, "shop").id for id in (1, 2))
        their_key = api_keys.create(tx, 2).key.id
        batch = [
            Used(mine, "local", "Get", 1, bytes_in=10),
            Used(theirs, their_key, "Get", 2, bytes_in=20),
            Used(0, their_key, "Set", 4),
            Used(0, "token", "Set", 8),
        ]
        usage.record(tx, Batch("node", 1, batch))
    return {"key": their_key}


def lines(owner: Client, query: str) -> list[tuple[object, ...]]:
    answer = owner.ask("GET", f"/usage?{query}")
    assert answer.status_code == 200, answer.text
    by = query.partition("group_by=")[2].split("&")[0].split(",")
    return [(*(line[each] for each in by), line["requests"]) for line in answer.json()["usage"]]


def test_usage_is_told_by_account(owner: Client, used: dict[str, str]) -> None:
    assert lines(owner, "accounts=*&group_by=account") == [
        (None, 8),
        ("owner", 1),
        ("neighbour", 6),
    ]
    assert lines(owner, "accounts=2&group_by=account,cache") == [
        ("neighbour", None, 4),
        ("neighbour", "shop", 2),
    ]
    assert lines(owner, "accounts=1,2&group_by=cache&cache=shop") == [("shop", 3)]
    assert lines(owner, "accounts=99&group_by=account") == []
    totals = owner.ask("GET", "/usage?accounts=*").json()["totals"]
    assert (totals["requests"], totals["bytes_in"]) == (15, 30)


def test_an_accounts_part_is_what_it_sees_itself(
    owner: Client, neighbour: Client, used: dict[str, str]
) -> None:
    for query in ("group_by=cache", "group_by=key,api", "group_by=cache,day&cache=shop"):
        theirs = neighbour.ask("GET", f"/usage?{query}").json()
        assert theirs == owner.ask("GET", f"/usage?accounts=2&{query}").json()


def test_accounts_of_one_name_are_told_apart_by_their_ids(
    owner: Client, control: Control, used: dict[str, str]
) -> None:
    owner.ask("DELETE", "/accounts/2")
    made = owner.ask("POST", "/accounts", {"name": "neighbour"}).json()["account_id"]
    with control.begin() as tx:
        cache = caches.create(tx, made, "new").id
        usage.record(tx, Batch("node", 2, [Used(cache, "k", "Get", 5)]))

    found = owner.ask("GET", "/usage?accounts=*&group_by=account").json()["usage"]

    by_id = {line["account_id"]: (line["account"], line["requests"]) for line in found}
    assert by_id == {None: (None, 8), 1: ("owner", 1), 2: ("neighbour", 6), 3: ("neighbour", 5)}


def test_a_spreadsheet_has_the_name_and_the_id(owner: Client, used: dict[str, str]) -> None:
    owner.ask("PUT", "/accounts/2", {"name": "=1+1"})

    text = owner.ask("GET", "/usage?accounts=*&group_by=account,api&format=csv").text

    rows = list(csv.DictReader(StringIO(text, newline="")))
    assert list(rows[0])[:4] == ["account_id", "account", "api", "requests"]
    assert [(row["account_id"], row["account"], row["requests"]) for row in rows[-2:]] == [
        ("2", "'=1+1", "2"),
        ("2", "'=1+1", "4"),
    ]


def test_the_audit_log_is_told_across_accounts_with_their_names(
    owner: Client, neighbour: Client
) -> None:
    owner.ask("PUT", "/caches/mine")
    neighbour.ask("PUT", "/caches/theirs")
    neighbour.ask("POST", "/api-keys", {"description": "d"})

    def told(query: str) -> list[tuple[object, ...]]:
        found = owner.ask("GET", f"/audit?{query}").json()["entries"]
        return [(each["account_id"], each["account"], each["action"]) for each in found]

    assert told("accounts=*") == [
        (2, "neighbour", "key.create"),
        (2, "neighbour", "cache.create"),
        (1, "owner", "cache.create"),
    ]
    assert told("accounts=2&action=cache") == [(2, "neighbour", "cache.create")]
    assert told("accounts=1,2&action=key") == [(2, "neighbour", "key.create")]
    page = owner.ask("GET", "/audit?accounts=*&limit=1").json()
    assert len(told(f"accounts=*&next_token={page['next_token']}")) == 2


def test_ones_own_log_is_as_it_was(owner: Client, neighbour: Client) -> None:
    neighbour.ask("PUT", "/caches/theirs")
    owner.ask("PUT", "/caches/mine")

    (entry,) = owner.ask("GET", "/audit").json()["entries"]

    assert entry["subject"] == "mine"
    assert not {"account", "account_id"} & entry.keys()


@pytest.mark.parametrize("path", ["/usage", "/audit"])
@pytest.mark.parametrize("accounts", ["", "a", "1,", "-1", "1;2", "9" * 19, ",".join("1" * 101)])
def test_what_names_no_accounts_is_refused(owner: Client, path: str, accounts: str) -> None:
    answer = owner.ask("GET", f"{path}?accounts={accounts}")

    assert (answer.status_code, "accounts must be" in answer.json()["message"]) == (400, True)


def test_accounts_are_told_apart_only_where_there_are_several(owner: Client) -> None:
    answer = owner.ask("GET", "/usage?group_by=account")

    assert answer.status_code == 400
    assert "only with accounts" in answer.json()["message"]
