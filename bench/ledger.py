"""What a ledger of 13 months takes and how fast it answers: `python -m bench --only ledger`.

100 accounts with 5 caches, 5 keys and 20 methods each are 50,000 uses: what one key does with one
cache by one method. Nobody uses all of them at a time. The assumption: of the 500 uses of an
account, 2 occur in a minute, 10 in an hour and 50 in a day, on average and without a pause at
night. The first account is the exception: it has every use in every hour of the last month. One use
in ten is of items of 5 KB, the others of half a KB. Every cache stores something at all times.

What would be if every use occurred in every minute is told, too: as a figure, from the bytes that a
row takes, since nobody would wait for its three billion rows.
"""

import asyncio
import math
import random
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx
from pysqlite3 import dbapi2
from starlette.applications import Starlette

from attimo.api import create_app
from attimo.billing import months
from attimo.billing.months import DAY
from attimo.control import Control, accounts, outcome_rows, retention, usage
from attimo.control.ledger_tables import ACCOUNT_HOURS, HOUR, HOURS_OF_A_DAY, MINUTE, TABLES, floor
from attimo.control.totals import COLUMNS
from attimo.node.batches import Batch, Used
from attimo.node.local import data_routes
from attimo.store.database import open_database
from bench import progress
from bench.bars import Figures

ACCOUNTS, CACHES, KEYS, METHODS = 100, 5, 5, 20
USES = CACHES * KEYS * METHODS
NOW = int(datetime(2026, 11, 30, 21, 40, tzinfo=UTC).timestamp())
"""Late on the last day of a month."""
KEPT = {MINUTE: 35 * DAY, HOUR: 400 * DAY, DAY: 400 * DAY}
OCCUR = {MINUTE: 2, HOUR: 10, DAY: 50}
"""How many of the uses of an account occur in such a time."""
BUSY = {MINUTE: 200, HOUR: 3_000, DAY: 15_000}
"""The requests of one that occurs, on average."""
ROUNDS = 7
BATCH = 2_000
MOST_PRUNED = 2_000
BATCHES_OF_A_MINUTE = 12
"""One every five seconds, as servers record by default."""
ENDS, MICROS, SPREAD = 50, 60, 0.6
"""How many of the requests of a use are counted by how long they took, and a log-normal of that."""

Row = tuple[int, ...]

_SERIES = "INSERT INTO usage_series (id, cache_id, key_id, api, account_id) VALUES (?, ?, ?, ?, ?)"


@dataclass(frozen=True, slots=True)
class LedgerFigures:
    """What was measured, by name: `mb`, and milliseconds."""

    measured: Figures

    def figures(self) -> Figures:
        """The figures by the names that `bars.toml` uses."""
        return {f"ledger.{name}": value for name, value in self.measured.items()}


@dataclass(frozen=True, slots=True)
class Ledger:
    """A ledger of 13 months, and what answers from it."""

    control: Control
    app: Starlette
    path: Path

    def ask(self, path: str, account_id: int) -> None:
        """Send a request in the name of an account.

        Raises:
            httpx.HTTPStatusError: It was refused.
        """
        headers = {"attimo-account": str(account_id), "attimo-key": "local", "attimo-peer": "::1"}

        async def answer() -> httpx.Response:
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=transport) as client:
                return await client.get(f"http://app{path}", headers=headers)

        asyncio.run(answer()).raise_for_status()


def measure() -> LedgerFigures:
    """Generate the ledger in a temporary directory, which takes 2 GB, and measure."""
    random.seed(1)
    with tempfile.TemporaryDirectory() as folder, _filled(Path(folder)) as ledger:
        return LedgerFigures({"mb": _size(ledger)} | dict(_answers(ledger)) | dict(_locks(ledger)))


@contextmanager
def _filled(folder: Path) -> Iterator[Ledger]:
    path = folder / "attimo.db"
    control = Control(open_database(path), lambda _: None, lambda: NOW)
    with control.begin() as tx:
        for number in range(ACCOUNTS):
            accounts.create(tx, f"account-{number}")
    with closing(dbapi2.connect(str(path), isolation_level=None)) as db:
        db.execute("PRAGMA synchronous = OFF")
        db.execute("UPDATE accounts SET created_at = ?", [NOW - KEPT[DAY]])
        for length in TABLES:
            progress.say(f"Filling {TABLES[length]}")
            _fill(db, length)
        progress.say(f"Filling {ACCOUNT_HOURS}")
        _sum_hours(db)
        progress.say("Filling usage_stored")
        _fill_stored(db)
        db.execute("BEGIN")
        _name(db)
        db.execute("COMMIT")
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    yield Ledger(control, create_app(control, "localhost", data_routes=data_routes()), path)
    control.database.close()


def _name(db: dbapi2.Connection) -> None:
    """Make the caches, and the names of what rows are about."""
    for cache_id in range(1, ACCOUNTS * CACHES + 1):
        db.execute(
            "INSERT INTO caches (id, account_id, name, namespace, created_at, revision) "
            "VALUES (?, ?, ?, ?, 0, 1)",
            [cache_id, 1 + (cache_id - 1) // CACHES, f"cache-{cache_id}", cache_id],
        )
    for at in range(ACCOUNTS * USES):
        use = _use(at)
        db.execute(_SERIES, [at + 1, use.cache_id, use.key_id, use.api, 1 + at // USES])
    for at in range(ACCOUNTS * CACHES):
        db.execute(_SERIES, [_stored_series(at), at + 1, "server", "Store", 1 + at // CACHES])


def _stored_series(cache: int) -> int:
    return ACCOUNTS * USES + cache + 1


def _use(at: int) -> Used:
    """What a series is about."""
    key = at // USES * KEYS + at // METHODS % KEYS
    counts = {"requests": 9, "hits": 9, "bytes_in": 180, "bytes_out": 4_500, "kib_in": 9}
    counts |= {"kib_out": 9, "commands": 9, "operations": 18, "ecpu_thousandths": 9_000}
    durations = dict(Counter(_bucket() for _ in range(ENDS)))
    method, failures = f"SomeMethod{at % METHODS}", {"rate_limited": 1}
    return Used(1 + at // (METHODS * KEYS), f"{key:024x}", method, counts, durations, failures)


def _bucket() -> int:
    """The bucket of how long a request took, as the data plane counts it."""
    micros = int(random.lognormvariate(math.log(MICROS), SPREAD))
    shift = max(0, micros.bit_length() - 4)
    return (shift << 3) + (micros >> shift)


def _fill(db: dbapi2.Connection, length: int) -> None:
    """Add rows as they come: by time, and in any order within it."""
    sql = f"INSERT INTO {TABLES[length]} VALUES ({','.join('?' * 15)}) ON CONFLICT DO NOTHING"  # noqa: S608
    for since in range(floor(NOW - KEPT[length], DAY), NOW, DAY):
        db.execute("BEGIN")
        for at in range(since, min(since + DAY, NOW), length):
            db.executemany(sql, _rows(length, at))
        db.execute("COMMIT")


def _sum_hours(db: dbapi2.Connection) -> None:
    """Add the sums of the hours that accounts have, as far back as minutes are kept."""
    minutes, hours = floor(NOW - KEPT[MINUTE], HOUR), floor(NOW - KEPT[HOUR], DAY)
    db.execute("UPDATE usage_kept SET minutes_since = ?, hours_since = ?", [minutes, hours])
    names, sums = ", ".join(COLUMNS), ", ".join(f"sum({name})" for name in COLUMNS)
    db.execute(
        f"INSERT INTO {ACCOUNT_HOURS} (account_id, at, {names}) SELECT account_id, at, {sums} "  # noqa: S608
        "FROM usage_hours WHERE at >= ? GROUP BY account_id, at",
        [minutes],
    )


def _fill_stored(db: dbapi2.Connection) -> None:
    """Add what each cache stores in each hour: between a MB and a GB, and a fifth of overhead."""
    columns = ", ".join(("account_id", "at", "series_id", "with_overhead", *HOURS_OF_A_DAY))
    values = ",".join("?" * (4 + len(HOURS_OF_A_DAY)))
    sql = f"INSERT INTO usage_stored ({columns}) VALUES ({values})"  # noqa: S608
    for at in range(floor(NOW - KEPT[DAY], DAY), NOW, DAY):
        db.execute("BEGIN")
        for cache in range(ACCOUNTS * CACHES):
            stored = [int(60 * 10 ** (6 + 3 * random.random())) for _ in HOURS_OF_A_DAY]  # noqa: S311
            of = 1 + cache // CACHES, at, _stored_series(cache)
            db.execute(sql, [*of, 0, *stored])
            db.execute(sql, [*of, 1, *(amount * 6 // 5 for amount in stored)])
        db.execute("COMMIT")


def _rows(length: int, at: int) -> Iterator[Row]:
    month = months.at(NOW)
    if length > MINUTE and month.start <= at:
        yield from (_row(length, at, use) for use in range(USES))
    for _ in range(int(OCCUR[length] * ACCOUNTS)):
        yield _row(length, at, int(random.random() * USES * ACCOUNTS))  # noqa: S311


def _row(length: int, at: int, use: int) -> Row:
    n = 1 + int(random.random() * 2 * BUSY[length])  # noqa: S311
    hits, is_large = n * 4 // 5, use % 10 == 0
    more = (0, hits * 4, 0, 0, hits * 3_902) if is_large else (0, 0, 0, 0, 0)
    size = 5_000 if is_large else 500
    return 1 + use // USES, at, use + 1, n, 0, hits, n - hits, n * 20, hits * size, 0, *more


def _size(ledger: Ledger) -> float:
    with ledger.control.read() as tx:
        counts = {
            table: tx.db.scalar(f"SELECT count(*) FROM {table}")  # noqa: S608
            for table in (*TABLES.values(), ACCOUNT_HOURS, "usage_stored")
        }
    size = ledger.path.stat().st_size
    each = size / sum(counts.values())
    progress.say(", ".join(f"{table}: {count:,} rows" for table, count in counts.items()))
    progress.say(f"{each:.1f} bytes a row; 1 GB is {1e9 / each / 1e6:.1f} million rows")
    worst = sum(ACCOUNTS * USES * kept // length for length, kept in KEPT.items())
    progress.say(
        f"every use in every minute: {worst / 1e6:,.0f} million rows, {worst * each / 1e9:.0f} GB"
    )
    return size / 1e6


def _answers(ledger: Ledger) -> Iterator[tuple[str, float]]:
    since = months.at(NOW).start
    for account_id, who in ((2, ""), (1, "_of_busiest")):
        for name, path in (
            ("usage", f"/usage?since={since}"),
            ("usage_by_key_api", f"/usage?group_by=key,api&since={since}"),
            ("usage_by_hour", f"/usage?group_by=hour&since={since}"),
            ("bill", "/bills/2026-11?by=cache"),
            ("bill_by_all_cards", "/bills/2026-11/compare"),
        ):
            took = _median_ms(lambda path=path, of=account_id: ledger.ask(path, of))  # type: ignore[misc]
            yield f"{name}{who}_ms", took
    everyone = f"/usage?group_by=account&accounts=*&since={since}"
    yield "usage_of_all_ms", _median_ms(lambda: ledger.ask(everyone, 1))


def _locks(ledger: Ledger) -> Iterator[tuple[str, float]]:
    """How long the only writer is kept busy."""
    numbers = iter(range(1, 1_000_000))
    uses: list[Used] = []

    def record() -> None:
        with ledger.control.begin() as tx:
            usage.record(tx, Batch("node", next(numbers), uses, NOW))

    def prepare() -> None:
        # As a server does after each batch.
        ledger.control.database.checkpoint()
        uses[:] = map(_use, _some_uses())

    yield "record_2000_ms", _median_ms(record, prepare)
    yield from _outcomes(ledger)
    for now in (NOW - DAY, NOW):
        ledger.control.clock = lambda now=now: now  # type: ignore[misc]
        with ledger.control.begin() as tx:
            retention.keep(tx, KEPT[MINUTE] - 2 * DAY, KEPT[HOUR] - 2 * DAY)

    def prune() -> None:
        with ledger.control.begin() as tx:
            retention.prune(tx, MOST_PRUNED)

    yield "delete_2000_ms", _median_ms(prune)


def _outcomes(ledger: Ledger) -> Iterator[tuple[str, float]]:
    """Writing the last of three minutes, of an hour that has the methods of all its caches."""
    unwritten, spent = ledger.control.unwritten, list[float]()
    for minute in range(3):
        for _ in range(BATCHES_OF_A_MINUTE):
            unwritten.add(list(map(_use, _some_uses())), NOW + minute * MINUTE)
        for portion in unwritten.close_minutes(None):
            began = time.perf_counter()
            with ledger.control.begin() as tx:
                outcome_rows.write(tx, portion)
            spent.append(time.perf_counter() - began)
            unwritten.written(portion)
    yield "outcomes_portion_ms", statistics.median(spent) * 1_000
    with ledger.control.read() as tx:
        ((rows, size),) = tx.db.rows("SELECT count(*), sum(length(outcomes)) FROM outcome_minutes")
    progress.say(f"outcome_minutes: {rows:,} rows of {size / rows:.0f} bytes")


def _some_uses() -> list[int]:
    return random.sample(range(ACCOUNTS * USES), BATCH)


def _median_ms(act: Callable[[], None], prepare: Callable[[], None] = lambda: None) -> float:
    found = []
    for _ in range(1 + ROUNDS):
        prepare()
        began = time.perf_counter()
        act()
        found.append(time.perf_counter() - began)
    return statistics.median(found[1:]) * 1_000
