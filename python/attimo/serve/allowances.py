"""Watches allowances: tells of what was reached, and ends what a new month ends.

What accounts transfer is compared with their plans wherever usage is recorded (`control/transfer`);
their budgets are compared here.
"""

import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from attimo.billing.card_file import Cards
from attimo.billing.months import Month
from attimo.control import Control, allowances, budgets, transfer
from attimo.control.allowances import Kind, Notice
from attimo.errors import StoreUnavailable
from attimo.logs import with_fields
from attimo.mail import Send

BUDGETS_SECONDS = 60.0
"""How often budgets are compared with bills."""
AGAIN_SECONDS = 3600.0
"""How long an account hears no more of the same share of its budget, or of a lower one."""


log = logging.getLogger(__name__)


@dataclass(slots=True)
class Allowances:
    """Watches the allowances of all accounts, whenever it is called.

    Attributes:
        control: The control plane.
        cards: The rate cards.
        send: Sends e-mail.
        note: Counts what was reached, by kind and percent.
        tell: Tells the node what accounts have transferred in a month; with True, others nothing.
        time: Seconds that no change of the clock changes.
    """

    control: Control
    cards: Cards
    send: Send
    note: Callable[[str, int], None] = lambda *_: None
    tell: Callable[[dict[int, int], bool], None] = lambda *_: None
    time: Callable[[], float] = time.monotonic
    _next_at: float = field(default=0.0, init=False)
    _month: Month | None = field(default=None, init=False)
    _told: dict[int, tuple[float, int]] = field(default_factory=dict, init=False)

    def begin(self) -> None:
        """Tell the node what every account has transferred in this month."""
        with self.control.read() as tx:
            used = transfer.used_by_all(tx)
        self.tell(used, True)

    def look(self) -> None:
        """Do what is due.

        Raises:
            StoreUnavailable: The database cannot be written; it is tried again at the next call.
        """
        with self.control.read() as tx:
            month = allowances.month(tx)
        is_new = month != self._month
        if is_new:
            self.begin()
            with self.control.begin() as tx:
                transfer.review(tx, allowances.of_month(tx, "transfer"))
        if is_new or self.time() >= self._next_at:
            self._compare_budgets()
            self._next_at = self.time() + BUDGETS_SECONDS
        self._month = month
        self._tell()

    def _compare_budgets(self) -> None:
        with self.control.read() as tx:
            account_ids = budgets.with_one(tx)
        for id in account_ids:
            try:
                self._compare_budget(id)
            except StoreUnavailable:
                raise
            except Exception:  # those of others are compared nevertheless
                fields = with_fields({"account": id})
                log.exception("a budget cannot be compared with its bill", extra=fields)

    def _compare_budget(self, account_id: int) -> None:
        with self.control.read() as tx:
            found = budgets.compare(tx, account_id, self.cards)
        if found is not None:
            with self.control.begin() as tx:
                budgets.settle(tx, account_id, found)

    def _tell(self) -> None:
        with self.control.read() as tx:
            notices = allowances.unsent(tx, self._is_due)
        if not notices:
            return
        # Recorded first: with a full disk, members would get the same e-mail every few seconds.
        with self.control.begin() as tx:
            allowances.mark_sent(tx, notices)
        self._remember(notices)
        for each in notices:
            fields = {"account": each.account_id, "kind": each.kind, "percent": each.percent}
            self.note(each.kind, each.percent)
            log.warning("an account has reached an allowance", extra=with_fields(fields))
            for email in each.emails:
                self.send(email, *letter(each))

    def _is_due(self, account_id: int, kind: Kind, percent: int) -> bool:
        """Accounts set their budgets, as often as they like, and that shall not flood mailboxes."""
        at, before = self._told.get(account_id, (0.0, 0))
        is_later = percent > before or self.time() - at >= AGAIN_SECONDS
        return kind != "budget" or is_later

    def _remember(self, notices: Iterable[Notice]) -> None:
        now = self.time()
        of_budgets = {
            each.account_id: (now, each.percent) for each in notices if each.kind == "budget"
        }
        recent = {id: told for id, told in self._told.items() if now - told[0] < AGAIN_SECONDS}
        self._told = recent | of_budgets


_KINDS = {
    "transfer": "the transfer of its plan",
    "budget": "its budget",
}
_EFFECTS = {
    None: "Nothing is refused.",
    "throttle": "Until the end of the month, its data requests are limited to {rate:,} bytes per "
    "second, received and sent together.",
    "block": "Until the end of the month, its data requests are refused.",
}


def letter(notice: Notice) -> tuple[str, str]:
    """The subject and the text of an e-mail."""
    what = _KINDS[notice.kind]
    hold = notice.hold
    effect = _EFFECTS[hold.effect if hold else None]
    if hold and hold.bytes_per_second is not None:
        effect = effect.format(rate=hold.bytes_per_second)
    subject = f"{notice.percent} % of {what.removeprefix('its ')} is used: {notice.account}"
    return subject, (
        f"The account {notice.account!r} has used {notice.percent} % of {what} in {notice.month} "
        f"(UTC):\n{notice.used} of {notice.allowed}.\n\n{effect}\n\n"
        "`attimo plan limits`, `attimo budget show` and `attimo bill` show more."
    )
