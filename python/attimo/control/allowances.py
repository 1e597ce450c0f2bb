"""Allowances of a month: what an account may transfer, and what it wants to spend at most.

Of each share of an allowance that is reached, there is a mark: an audit entry, and an e-mail and a
metric that `serve` sends. While an account is held, its data requests are throttled or blocked;
the directory publishes that. Both belong to a month, so a new month begins without them, and a
clock that comes back from a wrong month finds them as they were.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Literal

from attimo.billing import months
from attimo.billing.months import Month
from attimo.control import audit, closing, directory, members, roles, users
from attimo.control.actions import SERVER, writes
from attimo.control.permissions import Right
from attimo.control.tx import Tx
from attimo.store.connection import Value

Kind = Literal["transfer", "budget"]
Effect = Literal["throttle", "block"]

READ = Right("account_management", "read")
"""Who has it may see bills, and gets the e-mails."""

MOST_TOLD = 100
"""How many marks are told at once."""

IS_NOTED = """
(EXISTS (
    SELECT 1 FROM allowance_marks AS mark
    WHERE mark.account_id = accounts.id AND mark.kind = :kind AND mark.month = :month
) OR EXISTS (SELECT 1 FROM holds WHERE holds.account_id = accounts.id AND holds.kind = :kind))
"""
"""Whether marks or a hold say something of an account: else there is nothing to take back."""

_MARK = """
INSERT INTO allowance_marks (account_id, kind, month, percent, used, allowed)
VALUES (:account_id, :kind, :month, :percent, :used, :allowed)
"""
_HOLD = """
INSERT INTO holds (account_id, kind, month, effect, bytes_per_second)
VALUES (:account_id, :kind, :month, :effect, :bytes_per_second)
ON CONFLICT (account_id, kind) DO UPDATE SET month = excluded.month, effect = excluded.effect,
    bytes_per_second = excluded.bytes_per_second
"""
_HOLD_OF = """
SELECT effect, bytes_per_second, month FROM holds WHERE account_id = :account_id AND kind = :kind
"""
_RELEASE = "DELETE FROM holds WHERE account_id = :account_id AND kind = :kind"
_MARKED = """
SELECT percent FROM allowance_marks
WHERE account_id = :account_id AND kind = :kind AND month = :month
"""
_UNMARK = """
DELETE FROM allowance_marks
WHERE account_id = :account_id AND kind = :kind AND month = :month AND percent = :percent
"""
_UNTOLD = """
SELECT account_id, name, kind, month, percent, used, allowed
FROM allowance_marks AS mark JOIN accounts ON accounts.id = account_id
WHERE NOT is_told AND NOT EXISTS (
    SELECT 1 FROM allowance_marks AS more WHERE more.account_id = mark.account_id
    AND more.kind = mark.kind AND more.month = mark.month
    AND NOT more.is_told AND more.percent > mark.percent
)
ORDER BY account_id, kind, month
"""
_TOLD = """
UPDATE allowance_marks SET is_told = TRUE
WHERE account_id = :account_id AND kind = :kind AND month = :month AND percent <= :percent
"""


@dataclass(frozen=True, slots=True)
class Hold:
    """What happens to an account's data requests; the rate is for `throttle`."""

    effect: Effect
    bytes_per_second: int | None = None


@dataclass(frozen=True, slots=True)
class State:
    """How much of an allowance is used.

    Attributes:
        reached: The shares in percent that are reached, of those that somebody wants to hear of.
        used: How much, in words.
        allowed: Of how much, in words.
        hold: What follows.
    """

    reached: Sequence[int]
    used: str = ""
    allowed: str = ""
    hold: Hold | None = None


NOTHING = State(())


@dataclass(frozen=True, slots=True)
class Notice:
    """A share of an allowance that was reached, and who hears of it."""

    account_id: int
    account: str
    kind: Kind
    month: Month
    percent: int
    used: str
    allowed: str
    hold: Hold | None
    emails: Sequence[str]


def month(tx: Tx) -> Month:
    """The current month: that of the clock, or the first open one if the clock is before it.

    In it, the ledger books what is used now.
    """
    return months.at(max(tx.now, closing.open_since(tx)))


def is_settled(tx: Tx, account_id: int, kind: Kind, state: State) -> bool:
    """Whether marks and the hold of an account are what its state says."""
    of = {"account_id": account_id, "kind": kind}
    hold = state.hold and (state.hold, month(tx).start)
    return _marked(tx, of) == set(state.reached) and _held(tx, of) == hold


def is_held(tx: Tx, account_id: int, kind: Kind) -> bool:
    """Whether an account is held since the current month."""
    held = _held(tx, {"account_id": account_id, "kind": kind})
    return held is not None and held[1] == month(tx).start


@writes("allowance.settle", SERVER, audited=False)
def settle(tx: Tx, account_id: int, kind: Kind, state: State) -> None:
    """Make marks and the hold of an account what its state in the current month says."""
    of = {"account_id": account_id, "kind": kind, "month": month(tx).start}
    marked = _marked(tx, {"account_id": account_id, "kind": kind})
    for percent in sorted(set(state.reached) - marked):
        tx.db.execute(_MARK, **of, percent=percent, used=state.used, allowed=state.allowed)
        said = {"percent": percent, "used": state.used, "allowed": state.allowed}
        audit.note_of_system(tx, account_id, "allowance.reach", kind, **said)
    for percent in marked - set(state.reached):  # so that it is told when it is reached again
        tx.db.execute(_UNMARK, **of, percent=percent)
    _hold(tx, account_id, kind, state.hold)


def holds(tx: Tx, account_id: int) -> dict[Kind, Hold]:
    """Return what holds an account, by kind."""
    query = "SELECT kind, effect, bytes_per_second FROM holds WHERE account_id = :id ORDER BY kind"
    return {kind: Hold(*hold) for kind, *hold in tx.db.rows(query, id=account_id)}


def of_month(tx: Tx, kind: Kind) -> list[int]:
    """Return the accounts that a change of the month concerns, by ID.

    These are those that are held, and those that have reached something in the current month: the
    clock may come back to it.
    """
    query = """
        SELECT account_id FROM holds WHERE kind = :kind
        UNION SELECT account_id FROM allowance_marks WHERE kind = :kind AND month = :month"""
    rows = tx.db.rows(query, kind=kind, month=month(tx).start)
    return [id for (id,) in rows]


def unsent(tx: Tx, is_due: Callable[[int, Kind, int], bool]) -> list[Notice]:
    """Return some marks of which nobody has been told: of each account and kind, the highest.

    Args:
        is_due: Whether it is to be told now, by account, kind and percent.
    """
    rows = (row for row in tx.db.rows(_UNTOLD) if is_due(row[0], row[2], row[4]))
    return [
        Notice(
            id,
            name,
            kind,
            months.at(start),
            percent,
            used,
            allowed,
            holds(tx, id).get(kind),
            readers(tx, id),
        )
        for id, name, kind, start, percent, used, allowed in islice(rows, MOST_TOLD)
    ]


@writes("allowance.tell", SERVER, audited=False)
def mark_sent(tx: Tx, notices: Sequence[Notice]) -> None:
    """Record that these were told, and with them what is below."""
    tx.db.execute_each(
        _TOLD,
        [
            {
                "account_id": each.account_id,
                "kind": each.kind,
                "month": each.month.start,
                "percent": each.percent,
            }
            for each in notices
        ],
    )


def _hold(tx: Tx, account_id: int, kind: Kind, hold: Hold | None) -> None:
    of = {"account_id": account_id, "kind": kind}
    current = month(tx).start
    before = _held(tx, of)
    if before == (hold and (hold, current)):
        return
    if hold is None:
        tx.db.execute(_RELEASE, **of)
    else:
        rate = hold.bytes_per_second
        tx.db.execute(_HOLD, **of, month=current, effect=hold.effect, bytes_per_second=rate)
    if hold != (before and before[0]):
        _publish(tx, account_id)
        action = "allowance.hold" if hold else "allowance.release"
        details = {"effect": hold.effect} if hold else {}
        audit.note_of_system(tx, account_id, action, kind, **details)


def _held(tx: Tx, of: Mapping[str, Value]) -> tuple[Hold, int] | None:
    """What holds an account, and in which month it began."""
    for effect, rate, since in tx.db.rows(_HOLD_OF, **of):
        return Hold(effect, rate), since
    return None


def _marked(tx: Tx, of: Mapping[str, Value]) -> set[int]:
    """The shares that are marked in the current month."""
    return {percent for (percent,) in tx.db.rows(_MARKED, **of, month=month(tx).start)}


def _publish(tx: Tx, account_id: int) -> None:
    query = "UPDATE accounts SET revision = :revision WHERE id = :id"
    tx.db.execute(query, id=account_id, revision=directory.touch(tx))


def readers(tx: Tx, account_id: int) -> list[str]:
    """Return the addresses of the members who may see bills."""
    return [
        each.email
        for each in members.list_all(tx, account_id)
        if each.email != users.SERVER_OWNER
        and roles.permitted(tx, account_id, each.role_id).allows(READ.type, READ.verb)
    ]
