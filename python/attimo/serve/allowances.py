"""Watches allowances: tells of what was reached, and ends what a new month ends.

What accounts transfer is compared with their plans wherever usage is recorded (`control/transfer`);
their budgets are compared here.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from attimo.billing import months
from attimo.billing.card_file import Cards
from attimo.billing.months import Month
from attimo.control import Control, allowances, budgets, transfer
from attimo.control.allowances import Notice
from attimo.logs import with_fields
from attimo.mail import Send

BUDGETS_SECONDS = 60.0
"""How often budgets are compared with bills."""


log = logging.getLogger(__name__)


@dataclass(slots=True)
class Allowances:
    """Watches the allowances of all accounts, whenever it is called.

    Attributes:
        control: The control plane.
        cards: The rate cards.
        send: Sends e-mail.
        note: Counts what was reached, by kind and percent.
        time: Seconds that no change of the clock changes.
    """

    control: Control
    cards: Cards
    send: Send
    note: Callable[[str, int], None] = lambda *_: None
    time: Callable[[], float] = time.monotonic
    _next_at: float = field(default=0.0, init=False)
    _month: Month | None = field(default=None, init=False)

    def look(self) -> None:
        """Do what is due.

        Raises:
            StoreUnavailable: The database cannot be written; it is tried again at the next call.
        """
        is_new = self._is_new_month()
        if self._is_budgets_turn() or is_new:
            with self.control.begin() as tx:
                if is_new:
                    transfer.review(tx, allowances.of_month(tx, "transfer"))
                budgets.review(tx, budgets.with_one(tx), self.cards)
            self._month = months.at(self.control.clock())
        self._tell()

    def _is_new_month(self) -> bool:
        """Whether the clock shows another month than at the last time, or this is the first."""
        return self._month != months.at(self.control.clock())

    def _is_budgets_turn(self) -> bool:
        now = self.time()
        if now < self._next_at:
            return False
        self._next_at = now + BUDGETS_SECONDS
        with self.control.read() as tx:
            return bool(budgets.with_one(tx))

    def _tell(self) -> None:
        with self.control.read() as tx:
            notices = allowances.untold(tx)
        if not notices:
            return
        # Recorded first: with a full disk, members would get the same e-mail every few seconds.
        with self.control.begin() as tx:
            allowances.told(tx, notices)
        for each in notices:
            fields = {"account": each.account_id, "kind": each.kind, "percent": each.percent}
            self.note(each.kind, each.percent)
            log.warning("an account has reached an allowance", extra=with_fields(fields))
            for email in each.emails:
                self.send(email, *letter(each))


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
