"""An account that has used up its transfer or its budget is blocked, until it gets more."""

import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from momento.errors import MomentoErrorCode
from momento.responses import CacheSet

from conformance.python.clients import error_of, expect
from conformance.teams import CACHE, Team, new_team
from faults.watching import eventually
from harness import Server

MEBIBYTE = 2**20
PART = b"v" * 100_000
ITEM = f"/cache/{CACHE}?key=k&ttl_seconds=600"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server("--collect-seconds", "0.2") as server:
        yield server


@pytest.fixture
def team(server: Server) -> Iterator[Team]:
    with new_team(server) as team:
        yield team


def use_up(team: Team) -> None:
    """Transfer 1.1 MB."""
    for _ in range(11):
        expect(team.client.set(CACHE, "k", PART), CacheSet.Success)


def is_blocked(team: Team) -> bool:
    return team.web.get(ITEM).status_code == 429


def test_beyond_its_transfer_an_account_is_refused_and_others_are_not(
    team: Team, server: Server
) -> None:
    team.limit(transfer_bytes_per_month=MEBIBYTE, transfer_used_up="block")

    use_up(team)
    eventually(lambda: is_blocked(team), "the account is blocked")
    refused = team.client.get(CACHE, "k")
    by_http = team.web.put(ITEM, content=b"v")
    with new_team(server) as other:
        expect(other.client.set(CACHE, "k", b"v"), CacheSet.Success)

    assert error_of(refused) is MomentoErrorCode.LIMIT_EXCEEDED_ERROR
    assert by_http.json()["err"] == "throughput_rate_limit_exceeded"
    assert f"transfer_bytes_per_month: {MEBIBYTE}" in by_http.json()["message"]
    assert int(by_http.headers["retry-after"]) > 0
    assert team.web.get("/limits").json()["account"]["holds"] == [
        {"kind": "transfer", "effect": "block"}
    ]


def test_more_transfer_lets_an_account_go_on_within_a_second(team: Team) -> None:
    team.limit(transfer_bytes_per_month=MEBIBYTE, transfer_used_up="block")
    use_up(team)
    eventually(lambda: is_blocked(team), "the account is blocked")

    began = time.monotonic()
    team.limit(transfer_bytes_per_month=2 * MEBIBYTE, transfer_used_up="block")

    assert not is_blocked(team)
    assert time.monotonic() - began < 1


ASKING = {"x-free-remaining-bytes": "1"}


def remaining(response: httpx.Response) -> int:
    return int(response.headers["x-free-remaining-bytes"])


def test_who_asks_is_told_in_every_answer_what_is_left_of_the_month(team: Team) -> None:
    team.limit(transfer_bytes_per_month=1_000, transfer_used_up="block")
    first = team.web.put(ITEM, content=b"v" * 99, headers=ASKING)
    eventually(lambda: transferred(team) == [100], "the usage is recorded")

    answers = [
        team.web.head(ITEM, headers=ASKING),
        team.web.get(f"/cache/{CACHE}/absent", headers=ASKING),
        team.web.put(f"{ITEM}&ttl_seconds=x", headers=ASKING),
        team.web.get("/cache/absent?key=k", headers=ASKING),
    ]
    silent = [team.web.get(ITEM), team.web.get("/cache/x", headers=ASKING | {"authorization": "x"})]
    for _ in range(10):
        team.web.put(ITEM, content=b"v" * 99)
    eventually(lambda: is_blocked(team), "the account is blocked")
    refused = team.web.get(ITEM, headers=ASKING)
    team.limit(transfer_bytes_per_month=None)
    unlimited = team.web.get(ITEM, headers=ASKING)

    assert remaining(first) == 1_000
    assert [each.status_code for each in answers] == [200, 404, 400, 404]
    assert all(800 < remaining(each) <= 900 for each in answers)
    assert (refused.status_code, remaining(refused)) == (429, 0)
    for each in (*silent, unlimited):
        assert "x-free-remaining-bytes" not in each.headers


def test_a_page_may_ask_what_is_left_and_read_it(team: Team) -> None:
    team.limit(transfer_bytes_per_month=MEBIBYTE)
    page = {"origin": "https://shop.example"}
    wants = {
        "access-control-request-method": "GET",
        "access-control-request-headers": "x-free-remaining-bytes",
    }

    allowed = team.web.options(ITEM, headers=page | wants)
    answer = team.web.get(ITEM, headers=page | ASKING)

    assert "x-free-remaining-bytes" in allowed.headers["access-control-allow-headers"]
    assert "x-free-remaining-bytes" in answer.headers["access-control-expose-headers"]
    assert remaining(answer) <= MEBIBYTE


def test_a_restart_keeps_the_count_and_the_block() -> None:
    with Server("--collect-seconds", "0.2") as server, new_team(server) as team:
        team.limit(transfer_bytes_per_month=MEBIBYTE, transfer_used_up="block")
        use_up(team)
        eventually(lambda: is_blocked(team), "the account is blocked")
        (before,) = transferred(team)

        server.stop()
        server.start()

        headers = {"authorization": team.key}
        again = team.web.get(f"{server.http}{ITEM}", headers=headers | ASKING)
        (after,) = transferred(team, server.http)
        used = team.web.get(f"{server.http}/usage", headers=headers).json()["totals"]
        near = 'attimo_accounts_near_limit{limit="transfer_bytes_per_month",percent="100"} 1'
        eventually(
            lambda: near in httpx.get(f"{server.http}/metrics").text,
            "metrics say that an account has used up its transfer",
        )
        team.operator.base_url = server.http

    assert (again.status_code, remaining(again)) == (429, 0)
    # What was not recorded yet is recorded at the end.
    assert MEBIBYTE <= before <= after == used["bytes_in"] + used["bytes_out"]


def transferred(team: Team, at: str = "") -> list[int]:
    found = team.web.get(f"{at}/limits").json()["account"]["limits"]
    return [each["used"] for each in found if each["name"] == "transfer_bytes_per_month"]


CARD = """
name = "ours"
currency = "EUR"
date = 2026-12-01
source = "Our price list"
rounding = "half-up"
digits = 2

[[prices]]
line = "Requests"
meter = "requests"
unit = "request"
price = 1
"""


def test_an_account_that_has_spent_its_budget_blocks_itself_and_says_why(tmp_path: Path) -> None:
    (tmp_path / "ours.toml").write_text(CARD)
    options = ("--collect-seconds", "0.2", "--rate-cards", str(tmp_path))
    with Server(*options) as server, new_team(server) as team:
        use_up(team)
        eventually(lambda: transferred(team)[0] > MEBIBYTE, "the usage is recorded")

        asked = {"amount": "10", "card": "ours", "effects": {"at_100": "block"}}
        spent = team.web.put("/budget", json=asked).json()["spent"]
        refused = team.web.put(ITEM, content=b"v")
        metrics = httpx.get(f"{server.http}/metrics").text
        team.web.delete("/budget").raise_for_status()
        free = is_blocked(team)

    assert spent == "11.00"
    assert refused.status_code == 429
    assert "100 % of the account's own budget is spent (over_budget: 100)" in refused.text
    assert 'attimo_allowances_reached_total{kind="transfer",percent="100"} 0' in metrics
    assert not free
