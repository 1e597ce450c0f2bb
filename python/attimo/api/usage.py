"""Usage over HTTP (not in Momento's API), from the ledger."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from io import StringIO
from typing import Annotated, Any, Literal

from pydantic import Field
from starlette.responses import Response

from attimo.api.accounts import Accounts
from attimo.api.caller import Authenticated
from attimo.api.routing import JSON, Router
from attimo.api.schemas import Model
from attimo.billing import months
from attimo.control import breakdown, chosen_accounts
from attimo.control.breakdown import Breakdown, By, Row
from attimo.control.totals import COUNTS, MEANINGS
from attimo.control.usage import Late

router = Router("/usage", "limits and usage")

_WORD = f"({'|'.join(By)})"
CSV = "text/csv"
_IN_CSV = (
    "In CSV, what a spreadsheet would take for a formula (it begins with `=`, `+`, `-`, `@`, a tab "
    "or the end of a line) has an apostrophe before it."
)

GroupBy = Annotated[
    str,
    Field(
        description=f"Group by one or more of {', '.join(By)}, separated by commas.",
        json_schema_extra={"pattern": f"^{_WORD}(,{_WORD})*$"},
    ),
]
Moment = Annotated[int | None, Field(ge=0, le=2**53)]


class UsageCounts(Model):
    """What was used."""

    # One field for each count of the ledger.
    __annotations__ = {
        name: Annotated[int, Field(description=meaning)] for name, meaning in MEANINGS.items()
    }


class LateUsage(UsageCounts):
    """What was used in a month that was closed when it arrived: it counts in a later one."""

    month: Annotated[str, Field(description="The month in which it was used, such as 2026-11.")]


class UsageLine(UsageCounts):
    """The usage of one group; it has the fields of `group_by`.

    `cache` is null for requests without a known cache. `minute`, `hour` and `day`
    (UTC) are their first second, since 1970. `key` is a key's id (of signed URLs, that of the
    signing key), `local` the owner's on a `--local` server, `session` for members who have signed
    in, `token` for tokens without a key, or `server` for evictions, whose `api` is `Evict`.
    `account` comes with `account_id`; both are null for requests without a known cache and key.
    """

    account_id: int | None = None
    account: str | None = None
    cache: str | None = None
    key: str = ""
    api: str = ""
    minute: int = 0
    hour: int = 0
    day: int = 0


class UsageReport(Model):
    """The usage from `since` until before `until` (seconds since 1970, whole minutes).

    Minutes and hours are not kept for ever. Usage before `hours_before` is known by whole hours
    only, and before `days_before` by whole days only: `since` and `until` are rounded outwards to
    these, and a `minute` or an `hour` there is the first one of its hour or day. Both are absent
    where `since` is not before them.

    `late` has what the months of this time contain of earlier ones, which were closed when it
    arrived, for all caches; absent if there is none.
    """

    since: int
    until: int
    hours_before: int = 0
    days_before: int = 0
    usage: list[UsageLine]
    totals: UsageCounts
    late: list[LateUsage] = Field(default_factory=list)


@router.get(
    operation_id="getUsage",
    done="The usage; CSV has a header line and no totals.",
    media_types=(JSON, CSV),
)
def show(
    caller: Authenticated,
    group_by: GroupBy = By.CACHE.value,
    since: Annotated[
        Moment, Field(description="Seconds since 1970; default: the start of the month in UTC.")
    ] = None,
    until: Annotated[Moment, Field(description="Seconds since 1970; default: now.")] = None,
    cache: Annotated[str | None, Field(description="Only caches with this name.")] = None,
    accounts: Accounts = None,
    format: Annotated[Literal["json", "csv"], Field(description=_IN_CSV)] = "json",
) -> UsageReport | Response:
    """Show the account's usage. It lags by the collection interval, some seconds."""
    by = breakdown.read_by(group_by)
    if accounts is None:
        found = caller.perform(breakdown.of_account, by, since, until, cache)
    else:
        chosen = chosen_accounts.read(accounts)
        found = caller.perform(breakdown.of_accounts, chosen, by, since, until, cache)
    if format == "csv":
        headers = {"content-disposition": 'attachment; filename="usage.csv"'}
        return Response(_csv(by, found), headers=headers, media_type=CSV)
    report = UsageReport(
        since=found.since,
        until=found.until,
        usage=[UsageLine.model_validate(line) for line in _lines(found)],
        totals=UsageCounts.model_validate(asdict(found.totals)),
        **dict(_what_to_know(found)),
    )
    # A line has the requested fields, also where they are null.
    return Response(report.model_dump_json(exclude_unset=True), media_type=JSON)


def late_usage(found: Sequence[Late]) -> list[LateUsage]:
    """Return what was booked late, as answers have it."""
    return [LateUsage(month=str(months.at(each.month)), **asdict(each.counts)) for each in found]


def _what_to_know(found: Breakdown) -> Iterator[tuple[str, Any]]:
    """Where usage is known less exactly than by the minute, and what of it was late."""
    for name in ("hours_before", "days_before"):
        if (moment := getattr(found, name)) is not None:
            yield name, moment
    if found.late:
        yield "late", late_usage(found.late)


def _lines(found: Breakdown) -> Iterator[dict[str, Any]]:
    for row in found.rows:
        # Faster than `asdict`, of which there may be thousands.
        counts = {name: getattr(row.counts, name) for name in COUNTS}
        yield dict(_groups(row, found)) | counts


def _groups(row: Row, found: Breakdown) -> Iterator[tuple[str, str | int | None]]:
    for by, of in row.of.items():
        if by is By.ACCOUNT:
            yield "account_id", of
            yield "account", found.names.get(int(of)) if of is not None else None
        else:
            yield by.value, of


def _csv(by: list[By], found: Breakdown) -> str:
    text = StringIO(newline="")
    ids = {By.ACCOUNT: ["account_id"]}
    columns = [name for each in by for name in (*ids.get(each, ()), each.value)]
    writer = csv.DictWriter(text, [*columns, *COUNTS])
    writer.writeheader()
    for line in _lines(found):
        writer.writerow({name: as_text(cell) for name, cell in line.items()})
    return text.getvalue()


def as_text(cell: str | int | None) -> str | int | None:
    """Return a cell for CSV: spreadsheets would run names that begin like a formula."""
    is_formula = isinstance(cell, str) and cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    return f"'{cell}" if is_formula else cell
