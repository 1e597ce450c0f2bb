"""A person's way to what a month costs."""

import csv
import json
import re
import time
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from attimo.billing import card_file
from attimo.cli.main import run
from e2e.screen import Screen
from e2e.terminal import Terminal
from harness import Server

CARD = """\
name = "ours"
currency = "EUR"
date = 2026-11-30
source = "our price list"
rounding = "half-up"
digits = 2

[[prices]]
line = "Requests"
meter = "requests"
unit = "request"
price = 0.25
"""


@pytest.fixture(scope="module")
def seller(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose operator sells by a card of their own."""
    cards = tmp_path_factory.mktemp("cards")
    (cards / "ours.toml").write_text(CARD)
    with Server("--rate-cards", str(cards), "--rate-card", "ours") as server:
        yield server


@pytest.fixture
def terminal(seller: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.setenv("ATTIMO_DATA_DIR", str(seller.data_dir))
    return Terminal(tmp_path, {"ATTIMO_DATA_DIR": str(seller.data_dir)})


@pytest.fixture(scope="module")
def used(seller: Server, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Three requests of two caches, in the ledger; the id of the key of one of them."""
    home = tmp_path_factory.mktemp("home")
    terminal = Terminal(home, {"ATTIMO_DATA_DIR": str(seller.data_dir)})
    terminal.do("cache", "create", "shop")
    made = json.loads(terminal.do("key", "create", "-d", "the shop", "--json"))
    for name in ("a", "b"):
        terminal.do("set", name, "v", "--cache", "shop", "--api-key", made["api_key"])
    terminal.do("set", "k", "v")
    deadline = time.monotonic() + 30
    while billed(terminal)["total"] != "0.75" and time.monotonic() < deadline:
        time.sleep(0.1)  # the ledger is some seconds late
    return str(made["key_id"])


def billed(terminal: Terminal, *words: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(terminal.do("bill", "--json", *words))
    return found


def on_screen(*words: str) -> list[str]:
    """What a command prints on a terminal of 80 columns, without the marks for bold text."""
    with Screen(80) as screen:
        assert run(words) == 0
    return re.sub(r"\x1b\[\d*m", "", screen.shown).splitlines()


@pytest.mark.usefixtures("used")
@pytest.mark.parametrize("words", [(), ("--by", "cache"), ("--compare",)])
def test_json_tells_whether_the_month_is_final_and_what_was_late(
    terminal: Terminal, words: tuple[str, ...]
) -> None:
    found = billed(terminal, *words)

    assert (found["is_closed"], found["late"]) == (False, [])


@pytest.mark.usefixtures("used")
def test_the_bill_of_this_month_is_by_the_operators_card(terminal: Terminal) -> None:
    found = billed(terminal)

    assert (found["total"], found["currency"], found["card"]) == ("0.75", "EUR", "ours")
    assert (found["is_open"], found["forecast"], found["not_metered"]) == (True, None, [])
    assert found == billed(terminal, found["month"])
    assert terminal.do("bill") == "Requests\t3\trequest\t0\t0.75\t-\n"


def test_a_bill_is_divided_by_cache_and_by_key_with_names(terminal: Terminal, used: str) -> None:
    rows = [row.split("\t") for row in terminal.do("bill", "--by", "cache").splitlines()]
    assert rows == [["default-cache", "Requests", "0.25"], ["shop", "Requests", "0.50"]]
    by_key = {row["key"]: row for row in billed(terminal, "--by", "key")["items"]}
    assert (by_key[used]["key_name"], by_key[used]["amount"]) == ("the shop", "0.50")
    (line, *_) = csv.DictReader(StringIO(terminal.do("bill", "--csv", "--by", "cache")))
    assert line == {
        "cache": "default-cache",
        "line": "Requests",
        "amount": "0.25",
        "currency": "EUR",
    }


@pytest.mark.usefixtures("terminal", "used")
def test_a_terminal_of_80_columns_shows_the_total_and_by_which_card() -> None:
    heading, line, total, blank, about = on_screen("bill")

    assert heading.split() == ["Line", "Quantity", "Unit", "Free", "Amount", "Forecast"]
    assert (line.split()[-2:], total.split()) == (["0.75", "-"], ["Total", "0.75", "-"])
    assert blank == ""
    assert re.fullmatch(r"\d{4}-\d\d so far, in EUR, by the rate card ours of 2026-11-30.", about)
    lacking = on_screen("bill", "--card", "momento-2023-03")
    assert lacking[2].split() == ["Connections", "-", "connection", "0", "not", "metered", "-"]
    assert lacking[-1].endswith("Not metered, so not in the total: Connections.")


@pytest.mark.usefixtures("used")
def test_every_card_is_compared_and_says_what_it_lacks(terminal: Terminal) -> None:
    found = {each["card"]: each for each in billed(terminal, "--compare")["items"]}

    assert found.keys() == {"ours", *card_file.load().by_name}
    assert (found["ours"]["total"], found["ours"]["not_metered"]) == ("0.75", [])
    lacks = {card: each["not_metered"] for card, each in found.items() if each["not_metered"]}
    assert lacks == {"momento-2023-03": ["Connections"]}
    header, *lines = terminal.do("bill", "--compare", "--csv").splitlines()
    assert header == "card,line,unit,quantity,free,amount,forecast,currency"
    assert {line.split(",")[0] for line in lines} == found.keys()
    shown = on_screen("bill", "--compare")
    assert shown[0].split() == ["Card", "Total", "Forecast", "Currency", "Not", "metered"]
    assert shown[-1].endswith("by every rate card. A total lacks what is not metered.")


def test_what_has_no_bill_is_refused_by_its_name(terminal: Terminal) -> None:
    refused = {
        ("2026-13",): (2, "month: '2026-13' is not a month; write it as 2026-11"),
        ("1999-01",): (4, "month: 1999-01 is before the account, which was created in"),
        ("9998-12",): (4, "month: 9998-12 has not begun"),
        ("--card", "none"): (4, "card: there is no rate card 'none'; there are elasticache-"),
        ("--by", "day"): (2, "'day' is not one of 'cache', 'key'"),
        ("--account", "nobody"): (4, "There is no account 'nobody'"),
        ("--compare", "--card", "ours"): (2, "pass --compare without --card and --by"),
        ("--json", "--csv"): (2, "pass --json or --csv, not both"),
    }
    wrong = {}
    for words, (status, said) in refused.items():
        answer = terminal.type("bill", *words)
        if answer.status != status or said not in answer.error:
            wrong[words] = answer
    assert wrong == {}


def test_an_operator_sees_the_bill_of_another_account(terminal: Terminal) -> None:
    key = terminal.do("account", "create", "team").strip()
    terminal.do("set", "k", "v", "--api-key", key)

    def total() -> str:
        return str(billed(terminal, "--account", "team")["total"])

    deadline = time.monotonic() + 30
    while total() != "0.25" and time.monotonic() < deadline:
        time.sleep(0.1)  # the ledger is some seconds late
    assert total() == "0.25"
    assert billed(terminal, "--api-key", key)["total"] == "0.25"
    assert terminal.type("bill", "--account", "id:1", "--api-key", key).status == 3


def test_a_server_with_a_wrong_card_does_not_start(tmp_path: Path) -> None:
    (tmp_path / "theirs.toml").write_text(CARD.replace("0.25", "-0.25"))
    said = {
        ("--rate-cards", str(tmp_path)): f"{tmp_path}/theirs.toml, line 12: prices 1, price is "
        "-0.25, but must be from 0 to 1,000,000",
        ("--rate-card", "theirs"): "rate_card is 'theirs', but there is no such card; there are",
        ("--rate-cards", str(tmp_path / "none")): f"the rate cards in {tmp_path}/none cannot be",
    }
    for options, reason in said.items():
        with pytest.raises(RuntimeError, match=re.escape(reason)), Server(*options):
            pass
