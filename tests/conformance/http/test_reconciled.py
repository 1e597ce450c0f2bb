"""What a client counts is what `GET /usage` says and what the bill has, cache by cache."""

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
from momento import CacheClient
from momento.responses import CacheDelete, CacheGet, CacheSet, CacheSetIfNotExists

from attimo.billing import months
from conformance.http.client_count import Counted, Row
from conformance.python.clients import MINUTE, expect, roomy, with_token
from faults.watching import eventually
from harness import Server

SIZES = (1, 1023, 1024, 1025, 2048)
CACHES = ("first", "second", "third")
PRICE = Decimal("0.01")
CARD = f"""
name = "ours"
currency = "EUR"
date = 2026-12-01
source = "Our price list"
rounding = "half-up"
digits = 2

[[prices]]
line = "Operations"
meter = "operations"
unit = "operation"
price = {PRICE}

[[prices]]
line = "Commands"
meter = "commands"
unit = "command"
price = {PRICE}
"""
LINES = {"operations": "Operations", "commands": "Commands"}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    (tmp_path / "ours.toml").write_text(CARD)
    with Server("--collect-seconds", "0.1", "--rate-cards", str(tmp_path)) as server:
        yield server


def use(client: CacheClient, cache: str) -> Iterator[tuple[str, Counted]]:
    """Five kinds of requests with values of each size, and what each counts for."""
    for size in SIZES:
        value = "v" * size
        expect(client.set(cache, "k", value), CacheSet.Success)
        yield "Set", Counted(sent=(1 + size,))
        expect(client.get(cache, "k"), CacheGet.Hit)
        yield "Get", Counted(sent=(1,), found=(size,), hits=1)
        expect(client.set_if_not_exists(cache, "k", value), CacheSetIfNotExists.NotStored)
        yield "SetIfNotExists", Counted(sent=(1 + size,))
        expect(client.delete(cache, "k"), CacheDelete.Success)
        yield "Delete", Counted(sent=(1,))
        expect(client.get(cache, "k"), CacheGet.Miss)
        yield "Get", Counted(sent=(1,), misses=1)


def test_what_a_client_counts_is_in_the_ledger_and_on_the_bill(server: Server) -> None:
    counted: dict[str, Counter[str]] = {cache: Counter() for cache in CACHES}
    headers = {"authorization": server.api_key}
    with (
        httpx.Client(base_url=server.http, headers=headers) as web,
        CacheClient(roomy(), with_token(server.http_address, server.api_key), MINUTE) as client,
    ):
        for number, cache in enumerate(CACHES):
            web.put(f"/caches/{cache}").raise_for_status()
            for _ in range(number + 1):
                for method, each in use(client, cache):
                    counted[cache].update(each.row(method)._asdict())
        wanted = sum(each["requests"] for each in counted.values())

        def asked(path: str) -> Any:
            return web.get(path).raise_for_status().json()

        eventually(lambda: asked("/usage")["totals"]["requests"] == wanted, "all is in the ledger")
        usage = asked("/usage?group_by=cache")
        bill = asked(f"/bills/{months.at(usage['since'])}?card=ours&by=cache")

    found = {line["cache"]: line for line in usage["usage"]}
    columns = [name for name in Row._fields if name != "errors"]
    assert {cache: {name: found[cache][name] for name in columns} for cache in CACHES} == {
        cache: {name: sums[name] for name in columns} for cache, sums in counted.items()
    }
    lines = {line["line"]: line for line in bill["lines"]}
    shares = {(share["cache"], share["line"]): share["amount"] for share in bill["shares"]}
    for name, title in LINES.items():
        total = sum(sums[name] for sums in counted.values())
        assert Decimal(lines[title]["quantity"]) == total
        assert Decimal(lines[title]["amount"]) == PRICE * total
        for cache, sums in counted.items():
            assert Decimal(shares[cache, title]) == PRICE * sums[name]
