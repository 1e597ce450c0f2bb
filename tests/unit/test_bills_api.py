"""Bills from the ledger, and the handlers that show them."""

import base64
import csv
import hashlib
import json
import re
from io import StringIO
from pathlib import Path

import pytest

from attimo.api import bills as bills_api
from attimo.api import create_app
from attimo.billing import card_file, months
from attimo.control import Control, api_keys, caches, usage
from fakes import NOON, Batch, Client, Clock, Used

GIB = 2**30
DAY = 86_400
MONTH = str(months.at(NOON))
CONNECTIONS = "momento-2023-03"


def record(control: Control, number: int, *used: Used) -> None:
    with control.begin() as tx:
        assert usage.record(tx, Batch("node-1", number, list(used))) is not None


def create(control: Control, name: str, account_id: int = 1) -> int:
    with control.begin() as tx:
        return caches.create(tx, account_id, name).id


def sixty(control: Control) -> None:
    """60 GiB of two caches, of which 50 are free."""
    a, b = create(control, "a"), create(control, "b")
    record(
        control,
        1,
        Used(a, "k", "Get", bytes_in=10 * GIB, bytes_out=30 * GIB),
        Used(b, "l", "Set", bytes_in=20 * GIB),
    )


def test_a_bill_has_lines_a_total_and_its_card(control: Control, owner: Client) -> None:
    sixty(control)

    answer = owner.ask("GET", f"/bills/{MONTH}").json()

    assert answer["lines"] == [
        {
            "line": "Transfer in and out",
            "unit": "GiB",
            "quantity": "60",
            "free": "50",
            "amount": "1.50",
            "forecast": None,
        }
    ]
    assert (answer["month"], answer["is_open"], answer["total"]) == (MONTH, True, "1.50")
    assert (answer["forecast"], answer["not_metered"]) == (None, [])
    assert (answer["card"]["name"], answer["card"]["symbol"]) == (card_file.DEFAULT, "$")
    assert (answer["account_id"], answer["account"]) == (1, "owner")
    assert "shares" not in answer


def test_shares_of_caches_and_keys_add_up(control: Control, owner: Client) -> None:
    sixty(control)

    by_cache = owner.ask("GET", f"/bills/{MONTH}?by=cache").json()["shares"]
    by_key = owner.ask("GET", f"/bills/{MONTH}?by=key").json()["shares"]

    assert [(each["cache"], each["amount"]) for each in by_cache] == [("a", "1.00"), ("b", "0.50")]
    assert [(each["key"], each["amount"]) for each in by_key] == [("k", "1.00"), ("l", "0.50")]


def test_what_no_cache_was_used_for_is_a_share_of_its_own(control: Control, owner: Client) -> None:
    with control.begin() as tx:
        key = api_keys.create(tx, 1).key.id
    record(control, 1, Used(0, key, bytes_in=60 * GIB))

    (share,) = owner.ask("GET", f"/bills/{MONTH}?by=cache").json()["shares"]

    assert share == {"cache": None, "line": "Transfer in and out", "amount": "1.50"}


def test_what_is_not_metered_has_no_amount(control: Control, owner: Client) -> None:
    sixty(control)

    answer = owner.ask("GET", f"/bills/{MONTH}?card={CONNECTIONS}").json()

    assert answer["not_metered"] == ["Connections"]
    assert [(each["quantity"], each["amount"]) for each in answer["lines"]] == [
        ("0", "0.00"),
        (None, None),
    ]


def test_an_open_month_has_a_forecast_from_its_second_day_on(
    control: Control, owner: Client, clock: Clock
) -> None:
    sixty(control)
    clock.now += 2 * DAY
    begun, end = NOON, months.at(NOON).end

    answer = owner.ask("GET", f"/bills/{MONTH}").json()

    grown = 60 * (end - begun) / (2 * DAY)
    assert float(answer["forecast"]) == pytest.approx((grown - 50) * 0.15, abs=0.006)
    assert answer["total"] == "1.50"


def test_a_closed_month_stays_as_it_is(control: Control, owner: Client, clock: Clock) -> None:
    sixty(control)
    clock.now = months.at(NOON).end
    closed = owner.ask("GET", f"/bills/{MONTH}").json()
    record(control, 2, Used(1, "k", bytes_in=100 * GIB))
    create(control, "later")
    with control.begin() as tx:
        caches.delete(tx, 1, "a")

    assert owner.ask("GET", f"/bills/{MONTH}").json() == closed
    assert (closed["is_open"], closed["total"], closed["forecast"]) == (False, "1.50", "1.50")
    following = owner.ask("GET", f"/bills/{months.at(clock.now)}").json()
    assert (following["is_open"], following["total"]) == (True, "7.50")


def test_a_clock_that_jumps_a_month_and_back_bills_all_of_it_once(
    control: Control, owner: Client, clock: Clock
) -> None:
    a = create(control, "a")
    record(control, 1, Used(a, "k", bytes_in=60 * GIB))
    clock.now = months.at(NOON).end + DAY
    record(control, 2, Used(a, "k", bytes_in=70 * GIB))
    clock.now = NOON
    record(control, 3, Used(a, "k", bytes_in=10 * GIB))
    clock.now = months.at(NOON).end + 2 * DAY

    listed = owner.ask("GET", "/bills").json()["bills"]
    totals = [owner.ask("GET", f"/bills/{each['month']}").json()["total"] for each in listed]

    assert totals == ["3.00", "3.00"]


def test_an_account_made_by_a_clock_that_was_ahead_has_bills_from_its_first_usage_on(
    control: Control, owner: Client, clock: Clock
) -> None:
    clock.now = months.read("2020-01").start
    record(control, 1, Used(create(control, "a"), "k", bytes_in=60 * GIB))

    first = owner.ask("GET", "/bills/2020-01").json()
    listed = owner.ask("GET", "/bills").json()["bills"]

    assert first["total"] == "1.50"
    assert listed[-1]["month"] == "2020-01"


def test_the_months_of_an_account_are_listed_the_newest_first(owner: Client, clock: Clock) -> None:
    clock.now = months.at(NOON).end + 5

    found = owner.ask("GET", "/bills").json()

    assert found["bills"] == [
        {
            "month": str(months.at(clock.now)),
            "is_open": True,
            "is_closed": False,
            "until": clock.now,
        },
        {"month": MONTH, "is_open": False, "is_closed": False, "until": clock.now - 5},
    ]
    assert [each["name"] for each in found["cards"]] == list(card_file.load().by_name)
    assert [each["name"] for each in found["cards"] if each["is_default"]] == [card_file.DEFAULT]


def test_every_card_prices_the_same_usage(control: Control, owner: Client) -> None:
    sixty(control)

    answer = owner.ask("GET", f"/bills/{MONTH}/compare").json()

    totals = {each["card"]["name"]: each["total"] for each in answer["bills"]}
    assert totals.keys() == card_file.load().by_name.keys()
    assert totals["momento-2022-09"] == "1.50"
    for name, total in totals.items():
        assert owner.ask("GET", f"/bills/{MONTH}?card={name}").json()["total"] == total


def test_a_bill_is_csv_for_who_asks_for_it(control: Control, owner: Client) -> None:
    sixty(control)

    answer = owner.ask("GET", f"/bills/{MONTH}?format=csv&card={CONNECTIONS}")

    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == f'attachment; filename="bill-{MONTH}.csv"'
    assert list(csv.reader(StringIO(answer.text))) == [
        ["line", "unit", "quantity", "free", "amount", "forecast", "currency"],
        ["Transfer in and out", "GiB", "0", "50", "0.00", "", "USD"],
        ["Connections", "connection", "", "0", "", "", "USD"],
    ]


def test_a_comparison_is_csv_with_the_lines_of_every_card(control: Control, owner: Client) -> None:
    sixty(control)

    answer = owner.ask("GET", f"/bills/{MONTH}/compare?format=csv")

    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == f'attachment; filename="bills-{MONTH}.csv"'
    header, *rows = csv.reader(StringIO(answer.text))
    assert header == [
        *("card", "line", "unit", "quantity", "free", "amount", "forecast", "currency")
    ]
    for name in card_file.load().by_name:
        text = owner.ask("GET", f"/bills/{MONTH}?format=csv&card={name}").text
        _, *lines = csv.reader(StringIO(text))
        assert [row for row in rows if row[0] == name] == [[name, *line] for line in lines]


def test_no_cache_is_a_formula_in_a_bill_for_a_spreadsheet(control: Control, owner: Client) -> None:
    record(control, 1, Used(create(control, "=1+1"), bytes_in=GIB))

    text = owner.ask("GET", f"/bills/{MONTH}?format=csv&by=cache").text

    assert list(csv.reader(StringIO(text))) == [
        ["cache", "line", "amount", "currency"],
        ["'=1+1", "Transfer in and out", "0.00", "USD"],
    ]


def test_a_bill_is_a_page_that_has_all_in_itself(control: Control, owner: Client) -> None:
    sixty(control)
    record(control, 2, Used(create(control, "<script>"), kib_in=10 * 2**20))

    page = owner.ask("GET", f"/bills/{MONTH}?format=html&by=cache&card={CONNECTIONS}")

    assert page.headers["content-type"] == "text/html; charset=utf-8"
    style = re.findall(r"<style>(.*)</style>", page.text, re.S)[0].encode()
    allowed = base64.b64encode(hashlib.sha256(style).digest()).decode()
    policy = page.headers["content-security-policy"]
    assert f"style-src 'sha256-{allowed}'" in policy
    assert "<script" not in page.text
    assert cells(page.text)[:3] == [
        ["", "Quantity", "Unit", "Free", "Amount", "Forecast"],
        ["Transfer in and out", "10", "GiB", "50", "$0.00", "-"],
        ["Connections", "-", "connection", "0", "not metered", "-"],
    ]
    assert ["&lt;script&gt;", "Transfer in and out", "$0.00"] in cells(page.text)
    assert "Not metered, so not in the total: Connections." in page.text
    assert "<h1>owner</h1>" in page.text


def test_the_page_of_a_month_that_is_over_has_no_forecast(
    control: Control, owner: Client, clock: Clock
) -> None:
    sixty(control)
    clock.now = months.at(NOON).end

    page = owner.ask("GET", f"/bills/{MONTH}?format=html").text

    assert cells(page) == [
        ["", "Quantity", "Unit", "Free", "Amount"],
        ["Transfer in and out", "60", "GiB", "50", "$1.50"],
        ["Total", "", "", "", "$1.50"],
    ]
    assert "estimate" not in page


def cells(page: str) -> list[list[str]]:
    rows = re.findall(r"<tr>(.*?)</tr>", page)
    return [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in rows]


def test_a_bill_with_too_many_shares_is_refused(
    control: Control, owner: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bills_api, "MOST_SHARES", 1)
    sixty(control)

    refused = owner.ask("GET", f"/bills/{MONTH}?by=cache")

    assert (refused.status_code, refused.json()["message"][:3]) == (400, "by:")
    assert owner.ask("GET", f"/bills/{MONTH}").status_code == 200


@pytest.mark.parametrize("path", ["", "/compare"])
def test_a_month_without_a_bill_is_refused_by_its_name(owner: Client, path: str) -> None:
    before, after = str(months.at(NOON - 40 * DAY)), str(months.at(NOON).next)
    refused = {
        "2026-13": (400, "invalid_argument", "month: '2026-13' is not a month"),
        "now": (400, "invalid_argument", "month: 'now' is not a month"),
        before: (404, "bill_not_found", f"month: {before} is before the account, which was cr"),
        after: (404, "bill_not_found", f"month: {after} has not begun"),
        "9999-12": (404, "bill_not_found", "month: 9999-12 has not begun"),
        "0000-01": (404, "bill_not_found", "month: 0000-01 is before the account"),
    }

    for month, (status, err, message) in refused.items():
        answer = owner.ask("GET", f"/bills/{month}{path}")
        assert (answer.status_code, answer.json()["err"]) == (status, err)
        assert answer.json()["message"].startswith(message)


@pytest.mark.parametrize("query", ["by=api", "format=xml", "account=x", "account=-1"])
def test_a_question_about_a_bill_that_cannot_be_answered_is_refused(
    owner: Client, query: str
) -> None:
    answer = owner.ask("GET", f"/bills/{MONTH}?{query}")

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_argument")
    assert answer.json()["message"].startswith(query.partition("=")[0])


def test_a_card_that_does_not_exist_is_refused_by_its_name(owner: Client) -> None:
    for name in ("none", "", "x" * 300, "Momento-2022-09"):
        answer = owner.ask("GET", f"/bills/{MONTH}?card={name}")
        assert (answer.status_code, answer.json()["err"]) == (404, "rate_card_not_found")
        assert answer.json()["message"].startswith(f"card: there is no rate card '{name[:255]}")
        assert answer.json()["message"].endswith("upstash-payg-2026-08")


def test_bills_are_for_who_may_look_at_the_account(owner: Client) -> None:
    role = {"rules": [{"type": "cache", "permissions": ["read"], "caches": "*", "items": "*"}]}
    made = owner.ask("POST", "/roles", {"role_name": "data", "permissions": role}).json()
    answer = owner.ask("POST", "/api-keys", {"role_id": made["role_id"], "description": "d"})
    key = Client(owner.app, 1, json.loads(answer.text)["key_info"]["key_id"])

    for path in ("/bills", f"/bills/{MONTH}", f"/bills/{MONTH}/compare", "/bills/2026-13"):
        refused = key.ask("GET", path)
        assert (refused.status_code, refused.json()["code"]) == (403, "permission_denied")
        assert "lacks account_management:read" in refused.json()["message"]


def test_an_account_sees_its_own_bill_and_the_operator_each(
    control: Control, owner: Client, neighbour: Client
) -> None:
    theirs = create(control, "theirs", account_id=2)
    record(control, 1, Used(theirs, "k", bytes_in=60 * GIB))

    for path in ("/bills", f"/bills/{MONTH}", f"/bills/{MONTH}/compare"):
        refused = neighbour.ask("GET", f"{path}?account=1")
        assert (refused.status_code, refused.json()["code"]) == (403, "permission_denied")
        assert owner.ask("GET", f"{path}?account=99").json()["err"] == "account_not_found"
        assert owner.ask("GET", f"{path}?account=2").json() == neighbour.ask("GET", path).json()
    assert owner.ask("GET", f"/bills/{MONTH}").json()["total"] == "0.00"
    assert neighbour.ask("GET", f"/bills/{MONTH}").json()["total"] == "1.50"


def test_an_account_that_was_deleted_keeps_its_bills(
    control: Control, owner: Client, clock: Clock
) -> None:
    with control.begin() as tx:
        key = api_keys.create(tx, 2).key.id
    theirs = create(control, "theirs", account_id=2)
    record(control, 1, Used(theirs, key, bytes_in=40 * GIB), Used(0, key, bytes_in=20 * GIB))
    clock.now = months.at(NOON).end
    path = f"/bills/{MONTH}?account=2&by=cache"
    before = owner.ask("GET", path).json()

    assert owner.ask("DELETE", "/accounts/2").status_code == 204

    assert owner.ask("GET", path).json() == before
    assert before["total"] == "1.50"


def test_an_operator_has_prices_of_their_own(control: Control, tmp_path: Path) -> None:
    text = (card_file.SHIPPED / "momento-2022-09.toml").read_text()
    text = text.replace("momento-2022-09", "ours").replace("USD", "CHF").replace("0.15", "1.2345")
    (tmp_path / "ours.toml").write_text(text)
    sixty(control)
    owner = Client(create_app(control, "e", cards=card_file.load(tmp_path, "ours")), 1)

    answer = owner.ask("GET", f"/bills/{MONTH}").json()

    assert (answer["total"], answer["card"]["currency"]) == ("12.35", "CHF")
