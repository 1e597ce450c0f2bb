"""The worked examples of the shipped rate cards, to the cent."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from attimo.billing import card_file
from attimo.billing.bill import bill
from attimo.billing.meters import Meter
from attimo.billing.months import Month
from attimo.billing.usage import Usage, Where

GB, GIB = 10**9, 2**30
NOVEMBER = Month(2026, 11)
HOURS = range(NOVEMBER.start, NOVEMBER.end, 3600)
"""A month of 30 days."""

CARDS = card_file.load().by_name


def sent(amount: int) -> Mapping[Where, int]:
    return {Where("shop", "key"): amount}


def stored(size: int) -> Mapping[Where, int]:
    """So many bytes all the month."""
    return {Where("shop", None, hour): size * 60 for hour in HOURS}


@dataclass(frozen=True)
class Example:
    card: str
    used: Mapping[Meter, Mapping[Where, int]]
    lines: Mapping[str, str]
    total: str
    name: str = field(kw_only=True)


EXAMPLES = [
    Example(
        "momento-2022-09",
        {Meter.TRANSFERRED_BYTES: sent(120 * GIB)},
        {"Transfer in and out": "10.50"},
        "10.50",
        name="120 GB transferred",
    ),
    Example(
        "momento-2023-03",
        {Meter.TRANSFERRED_KIB: sent(100_000_000 * 2), Meter.CONNECTIONS: {}},
        {"Transfer in and out": "70.37", "Connections": "0.00"},
        "70.37",
        name="100 million gets of 820 bytes, rounded up per request",
    ),
    Example(
        "momento-2022-09",
        {Meter.TRANSFERRED_BYTES: sent(100_000_000 * 820)},
        {"Transfer in and out": "3.96"},
        "3.96",
        name="100 million gets of 820 bytes, as they are",
    ),
    Example(
        "elasticache-serverless-valkey-2026-06",
        {Meter.STORED_BYTE_MINUTES: stored(0), Meter.ECPU_THOUSANDTHS: {}},
        {"Stored data": "0.00", "Stored data, minimum": "6.05", "Requests": "0.00"},
        "6.05",
        name="an empty cache for 30 days",
    ),
    Example(
        "elasticache-serverless-valkey-2026-06",
        {Meter.STORED_BYTE_MINUTES: {}, Meter.ECPU_THOUSANDTHS: sent(1_000_000 * 3_200)},
        {"Stored data": "0.00", "Stored data, minimum": "0.00", "Requests": "0.01"},
        "0.01",
        name="1 million gets of 3.2 KB, the requests alone",
    ),
    Example(
        "elasticache-serverless-valkey-2026-06",
        {
            Meter.STORED_BYTE_MINUTES: stored(5 * GB),
            Meter.ECPU_THOUSANDTHS: sent(500_000_000 * 1_000),
        },
        {"Stored data": "302.40", "Stored data, minimum": "0.00", "Requests": "1.15"},
        "303.55",
        name="5 GB for 30 days, 500 million gets of at most 1 KB",
    ),
    Example(
        "upstash-payg-2026-08",
        {
            Meter.COMMANDS: sent(10_368_000),
            Meter.STORED_BYTE_MINUTES: stored(3_500_000_000),
            Meter.TRANSFERRED_BYTES: sent(260 * GB),
        },
        {"Commands": "20.74", "Stored data": "0.63", "Bandwidth": "1.80"},
        "23.17",
        name="10,368,000 commands, 3.5 GB stored, 260 GB out",
    ),
    Example(
        "momento-flex-2026-08",
        {
            Meter.STORED_BYTE_MINUTES_WITH_OVERHEAD: {
                Where("shop", None, HOURS[0]): GIB * 60,
                Where("shop", None, HOURS[400]): 3 * GIB * 60,
                Where("shop", None, HOURS[719]): 2 * GIB * 60,
            }
        },
        {"Deployed memory": "180.00"},
        "180.00",
        name="3 GiB stored at the most, two copies",
    ),
]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda each: each.name)
def test_a_worked_example_comes_out_to_the_cent(example: Example) -> None:
    found = bill(
        CARDS[example.card], Usage(example.used), NOVEMBER, NOVEMBER.start, now=NOVEMBER.end
    )

    assert {line.name: str(line.amount) for line in found.lines} == example.lines
    assert (str(found.total), found.not_metered) == (example.total, [])


def test_every_shipped_card_has_an_example() -> None:
    assert {example.card for example in EXAMPLES} == set(CARDS)
