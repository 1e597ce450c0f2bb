"""Bills: what the ledger has of an account and a month, at the prices of rate cards.

A bill is calculated when it is asked for, and not stored.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from attimo.billing import months
from attimo.billing.bill import Bill, bill
from attimo.billing.card import Card
from attimo.billing.card_file import Cards
from attimo.billing.months import Month
from attimo.control import bill_usage, chosen_accounts, closing, usage
from attimo.control.accounts import Account
from attimo.control.actions import reads
from attimo.control.bill_usage import OF_ACCOUNT
from attimo.control.permissions import Right
from attimo.control.tx import Tx
from attimo.control.usage import Late
from attimo.errors import NoSuchAccount, NoSuchBill

READ = Right("account_management", "read")


@dataclass(frozen=True, slots=True)
class Billed:
    """A month of an account.

    Attributes:
        month: The month.
        is_open: Whether it is not over.
        is_closed: Whether its usage changes no more; some time after it is over.
        until: Its end, or now; in seconds since 1970.
    """

    month: Month
    is_open: bool
    is_closed: bool
    until: int


@dataclass(frozen=True, slots=True)
class AccountBills:
    """The bills of one account for one month.

    Attributes:
        account_id: The account.
        account: Its name.
        bills: One for each card that was asked for.
        is_closed: Whether the usage of the month changes no more.
        late: What of the usage is of earlier months, which were closed when it arrived.
    """

    account_id: int
    account: str
    bills: Sequence[Bill]
    is_closed: bool
    late: Sequence[Late]


@reads("bill.list", READ)
def list_all(tx: Tx, account_id: int) -> list[Billed]:
    """Return the months of the account, from its creation until now, the newest first."""
    return [_billed(tx, month) for month in _months(tx, account_id)][::-1]


@reads("bill.list-any", chosen_accounts.READ)
def list_of(tx: Tx, _: int, account_id: int) -> list[Billed]:
    """Return the months of any account of the server, as `list_all` does.

    Raises:
        NoSuchAccount: There is no such account, also no deleted one.
    """
    return list_all(tx, account_id)


@reads("bill.read", READ)
def read(tx: Tx, account_id: int, month: str, cards: Cards, card: str | None) -> AccountBills:
    """Return the bill of the account for a month.

    Deleted caches keep their names; successive caches of one name are one.

    Args:
        month: Such as 2026-11.
        cards: All cards.
        card: The name of the one to use; None is the default.

    Raises:
        InvalidArgument: `month` is no month.
        NoSuchRateCard: There is no such card.
        NoSuchBill: The month has not begun, or is before the account.
    """
    return _bills(tx, account_id, month, [cards.named(card)])


@reads("bill.read-any", chosen_accounts.READ)
def read_of(
    tx: Tx, _: int, account_id: int, month: str, cards: Cards, card: str | None
) -> AccountBills:
    """Return the bill of any account of the server, as `read` does.

    Raises:
        NoSuchAccount: There is no such account, also no deleted one.
    """
    return read(tx, account_id, month, cards, card)


@reads("bill.compare", READ)
def compare(tx: Tx, account_id: int, month: str, cards: Cards) -> AccountBills:
    """Return the bills for one and the same usage by every card.

    Raises:
        InvalidArgument: `month` is no month.
        NoSuchBill: The month has not begun, or is before the account.
    """
    return _bills(tx, account_id, month, cards.by_name.values())


@reads("bill.compare-any", chosen_accounts.READ)
def compare_of(tx: Tx, _: int, account_id: int, month: str, cards: Cards) -> AccountBills:
    """Return the bills of any account of the server, as `compare` does.

    Raises:
        NoSuchAccount: There is no such account, also no deleted one.
    """
    return compare(tx, account_id, month, cards)


def _bills(tx: Tx, account_id: int, month: str, cards: Iterable[Card]) -> AccountBills:
    wanted, account = months.read(month), _account(tx, account_id)
    begun = _begun(tx, account)
    if wanted > months.at(tx.now):
        raise NoSuchBill(f"month: {wanted} has not begun")
    if wanted < begun:
        raise NoSuchBill(f"month: {wanted} is before the account, which was created in {begun}")
    found = bill_usage.used(tx, account_id, wanted)
    bills = [bill(card, found, wanted, account.created_at, tx.now) for card in cards]
    late = usage.late(tx, wanted.start, wanted.end, OF_ACCOUNT, account_id=account_id)
    return AccountBills(account_id, account.name, bills, _is_closed(tx, wanted), late)


def _months(tx: Tx, account_id: int) -> Iterator[Month]:
    month = _begun(tx, _account(tx, account_id))
    while month.start <= tx.now:
        yield month
        month = month.next


def _billed(tx: Tx, month: Month) -> Billed:
    return Billed(month, month.is_open(tx.now), _is_closed(tx, month), min(month.end, tx.now))


def _begun(tx: Tx, account: Account) -> Month:
    """The month of the first bill: of the first usage, if a wrong clock made the account later."""
    query = "SELECT min(at) FROM usage_days WHERE account_id = :id"
    used = tx.db.scalar(query, id=account.id)
    return months.at(account.created_at if used is None else min(account.created_at, int(used)))


def _is_closed(tx: Tx, month: Month) -> bool:
    return month.end <= closing.open_since(tx)


def _account(tx: Tx, account_id: int) -> Account:
    """An account, also one that was deleted: it has bills still."""
    query = "SELECT id, name, created_at FROM accounts WHERE id = :id"
    found = tx.db.first(Account, query, id=account_id)
    if found is None:
        raise NoSuchAccount(account_id)
    return found
