"""Meter events: how the usage of the ledger is reported to the provider of payments, hour by hour.

An hour is reported once it is over. What the ledger adds to it later is reported as a further
event, with the next number. An event is written before it is sent, with its value, and its
identifier follows from its row: a server that is killed in between sends the very same event again.

So the sum of an hour's events is what the ledger had when the last one was written, and no more is
sold than was used. Rows are needed as long as their hours are compared with the ledger, which is as
long as it has hours.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from attimo.billing.meters import Meter
from attimo.billing.months import DAY
from attimo.control import audit, ledger_tables, usage
from attimo.control.actions import SERVER, writes
from attimo.control.bill_usage import COUNTED, OF_ACCOUNT
from attimo.control.ledger_tables import HOUR, floor
from attimo.control.payers import Payer
from attimo.control.totals import Totals
from attimo.control.tx import Tx
from attimo.payments import MOST_VALUE, MeterEvent

LATE_SECONDS = 300
"""How long after its end an hour is told: usage arrives some seconds late."""
OLDEST_SECONDS = 35 * DAY
"""How old the hour of an event may be: providers take nothing older."""
MOST_SENT = 1_000
"""How many events of an account and meter are read at once."""

_TOLD = """
SELECT meter, hour / :length * :length, sum(value) FROM meter_events
WHERE account_id = :account_id AND hour >= :since AND hour < :until GROUP BY 1, 2
"""
_ADD = """
INSERT INTO meter_events (account_id, meter, hour, number, value)
SELECT :account_id, :meter, :hour, count(*), :value FROM meter_events
WHERE account_id = :account_id AND meter = :meter AND hour = :hour
"""
_SOLD = """
FROM meter_events JOIN payers ON payers.account_id = meter_events.account_id
WHERE NOT is_delivered AND hour >= :oldest AND hour >= since AND hour < :now
"""
# Hours before `since` are a former customer's; those to come are of a clock that was wrong.
_TO_DELIVER = f"SELECT DISTINCT payers.account_id, meter {_SOLD} ORDER BY 1, 2"
_ALL_WAITING = f"SELECT count(*), coalesce(min(hour), 0) {_SOLD}"
_WAITING = f"""
SELECT payers.account_id, customer_id, meter, hour, number, value {_SOLD}
AND payers.account_id = :account_id AND meter = :meter ORDER BY hour, number LIMIT :most
"""
_DELIVERED = """
UPDATE meter_events SET is_delivered = TRUE
WHERE account_id = :account_id AND meter = :meter AND hour = :hour AND number = :number
"""
_TOO_OLD = """
SELECT account_id, meter, min(hour), max(hour), sum(value) FROM meter_events
WHERE NOT is_delivered AND NOT is_reported AND hour < :oldest GROUP BY account_id, meter
"""
_REPORTED = """
UPDATE meter_events SET is_reported = TRUE
WHERE account_id = :account_id AND meter = :meter AND NOT is_delivered AND hour < :oldest
"""
_UNSELL = "DELETE FROM sold_meters WHERE meter NOT IN (SELECT value ->> 0 FROM json_each(:names))"
# A moment that is later was noted by a clock that was wrong.
_SELL = """
INSERT INTO sold_meters (meter, since) SELECT value ->> 0, :since FROM json_each(:names) WHERE TRUE
ON CONFLICT (meter) DO UPDATE SET since = excluded.since WHERE sold_meters.since > excluded.since
"""
_FORGET = "DELETE FROM meter_events WHERE is_delivered AND hour < :before"


@dataclass(frozen=True, slots=True)
class Unsent:
    """What the ledger has of a meter and an hour beyond what was told."""

    account_id: int
    meter: Meter
    hour: int
    value: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """An event that is not delivered; `number` counts those of its account, meter and hour."""

    account_id: int
    customer_id: str
    meter: str
    hour: int
    number: int
    value: int

    @property
    def event(self) -> MeterEvent:
        """The event, the same each time."""
        # By the customer and not by the account, whose number other servers use, too.
        identifier = f"{self.customer_id}/{self.meter}/{self.hour}/{self.number}"
        return MeterEvent(identifier, self.customer_id, self.meter, self.hour, self.value)


@dataclass(frozen=True, slots=True)
class TooOld:
    """Usage that the provider takes no more; `first` and `last` are hours."""

    account_id: int
    meter: str
    first: int
    last: int
    value: int


def unsent(tx: Tx, payer: Payer, meters: Sequence[Meter], since: int | None) -> list[Unsent]:
    """Return what is to be told of an account, the oldest first.

    Args:
        since: Only of the day of this moment and later ones; None for all that the ledger has by
            the hour.
    """
    begun = max(payer.since or tx.now, ledger_tables.kept(tx).hours_since, since or 0)
    until = floor(tx.now - LATE_SECONDS, HOUR)
    found = []
    for day in _days(tx, payer.account_id, meters, floor(begun, DAY), until):
        first, end = max(day, payer.since or 0), min(day + DAY, until)
        found += _different(tx, payer.account_id, meters, HOUR, first, end)
    return found


@writes("payment.sell", SERVER, audited=False)
def sell(tx: Tx, meters: Sequence[Meter]) -> None:
    """Sell these meters and no others; what is new among them from the next hour on."""
    names = json.dumps([[meter.value] for meter in meters])
    tx.db.execute(_UNSELL, names=names)
    tx.db.execute(_SELL, names=names, since=floor(tx.now, HOUR) + HOUR)


@writes("payment.meter", SERVER, audited=False)
def add(tx: Tx, found: Sequence[Unsent]) -> None:
    """Write events for what is to be told; they wait for their delivery."""
    for each in found:
        of = {"account_id": each.account_id, "hour": each.hour}
        for value in _parts(each.value):
            tx.db.execute(_ADD, **of, meter=each.meter.value, value=value)


def to_deliver(tx: Tx) -> list[tuple[int, str]]:
    """Return of which accounts and meters events are to be sent."""
    rows = tx.db.rows(_TO_DELIVER, oldest=tx.now - OLDEST_SECONDS, now=tx.now)
    return [(account_id, meter) for account_id, meter in rows]


def all_waiting(tx: Tx) -> tuple[int, int]:
    """Return how many events are to be sent, and the hour of the oldest; 0 if there is none."""
    ((count, oldest),) = tx.db.rows(_ALL_WAITING, oldest=tx.now - OLDEST_SECONDS, now=tx.now)
    return count, oldest


def waiting(tx: Tx, account_id: int, meter: str) -> list[Waiting]:
    """Return some events of an account and meter that are to be sent, the oldest first."""
    of = {"account_id": account_id, "oldest": tx.now - OLDEST_SECONDS, "now": tx.now}
    return tx.db.all(Waiting, _WAITING, **of, meter=meter, most=MOST_SENT)


@writes("payment.deliver", SERVER, audited=False)
def delivered(tx: Tx, found: Sequence[Waiting]) -> None:
    """Record that the provider has these events."""
    tx.db.execute_each(
        _DELIVERED,
        [
            {
                "account_id": each.account_id,
                "meter": each.meter,
                "hour": each.hour,
                "number": each.number,
            }
            for each in found
        ],
    )


def too_old(tx: Tx) -> list[TooOld]:
    """Return what cannot be sent any more, and has not been reported."""
    return tx.db.all(TooOld, _TOO_OLD, oldest=tx.now - OLDEST_SECONDS)


@writes("payment.report", SERVER)
def reported(tx: Tx, found: Sequence[TooOld]) -> None:
    """Record in the audit log what is not sold, since it is too old; nothing is deleted."""
    for each in found:
        of = {"account_id": each.account_id, "oldest": tx.now - OLDEST_SECONDS}
        tx.db.execute(_REPORTED, **of, meter=each.meter)
        said = {"from": each.first, "until": each.last + HOUR, "value": each.value}
        audit.note(tx, each.account_id, each.meter, **said)


@writes("payment.forget", SERVER, audited=False)
def forget(tx: Tx) -> int:
    """Delete delivered events of hours that are not compared any more; return how many."""
    return tx.db.execute(_FORGET, before=ledger_tables.kept(tx).hours_since)


def _days(
    tx: Tx, account_id: int, meters: Sequence[Meter], since: int, until: int
) -> Iterator[int]:
    """The days that have hours to be told; the last one is not over, so it is always looked at."""
    today = floor(until, DAY)
    found = _different(tx, account_id, meters, DAY, since, today)
    yield from sorted({each.hour for each in found})
    if today < until:
        yield today


def _different(
    tx: Tx, account_id: int, meters: Sequence[Meter], length: int, since: int, until: int
) -> list[Unsent]:
    """By hours or days: what the ledger has more than was told."""
    if since >= until:
        return []
    of = {"account_id": account_id, "since": since, "until": until}
    sold: dict[str, int] = dict(tx.db.rows("SELECT meter, since FROM sold_meters"))
    told = {(meter, at): sum_ for meter, at, sum_ in tx.db.rows(_TOLD, **of, length=length)}
    return [
        Unsent(account_id, meter, at, value)
        for at, counts in sorted(_used(tx, account_id, length, since, until).items())
        for meter in meters
        if at + length > sold.get(meter.value, until)
        if (value := _count(meter, counts) - told.get((meter.value, at), 0)) > 0
    ]


def _used(tx: Tx, account_id: int, length: int, since: int, until: int) -> Mapping[int, Totals]:
    """The ledger's counts by hours or days, which `since` and `until` are, too."""
    source = ledger_tables.window(tx, since, until).source(length, OF_ACCOUNT, ["at"])
    query = f"SELECT usage.at / {length} * {length}, {usage.SUMS} FROM {source} GROUP BY 1"  # noqa: S608
    rows = tx.db.rows(query, account_id=account_id)
    return {at: Totals(*counts) for at, *counts in rows}


def _count(meter: Meter, counts: Totals) -> int:
    return sum(getattr(counts, name) for name in COUNTED[meter])


def _parts(value: int) -> Iterator[int]:
    """Values that providers take, which are the value together."""
    while value > 0:
        yield min(value, MOST_VALUE)
        value -= MOST_VALUE
