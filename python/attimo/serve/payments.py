"""Works for payments: tells the provider what was used, and changes plans when that is due.

A thread of its own, since the provider can be slow. It asks one thing at a time, so the events of a
customer and meter are never told side by side. What fails stays in the database, and is tried again
with growing pauses for as long as the provider takes it.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from attimo.billing.meters import Meter
from attimo.billing.months import DAY
from attimo.control import Control, meter_events, payers, plans
from attimo.control.bill_usage import COUNTED
from attimo.control.payers import Rule
from attimo.errors import (
    AttimoError,
    Misconfigured,
    NoSuchPlan,
    PaymentsRefused,
    PaymentsUnavailable,
    StoreUnavailable,
)
from attimo.logs import with_fields
from attimo.mail import Send
from attimo.payments import Payments
from attimo.serve.payment_letters import letter
from attimo.settings import Settings

PAUSE_SECONDS = 10.0
LONGEST_PAUSE = 900.0
COMPARE_SECONDS = 300.0
"""How often the ledger is compared with what was told, from a day before the last time on."""
COMPARE_ALL_SECONDS = float(DAY)
"""How often all of it is."""
REFUSED_SECONDS = 3600.0
"""How long nothing of a kind is asked for an account after a refusal."""
STOP_SECONDS = 5.0

_SETUP, _END = "setup", "end"
"""What is asked for an account, if not a meter."""

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Seller:
    """Does what is due for payments, whenever it is called or in a thread of its own.

    Attributes:
        control: The control plane.
        provider: The provider of payments.
        meters: What is sold.
        rule: What follows from a failed payment.
        send: Sends e-mail.
        time: Seconds that no change of the clock changes.
        note: Is told after each look how many events wait, the hour of the oldest, how many
            accounts fail to pay, and how much was sent and refused since the start.
    """

    control: Control
    provider: Payments
    meters: tuple[Meter, ...]
    rule: Rule
    send: Send
    time: Callable[[], float] = time.monotonic
    note: Callable[[int, int, int, int, int], None] = lambda *_: None
    _pause: float = field(default=PAUSE_SECONDS, init=False)
    _compare_at: float = field(default=0.0, init=False)
    _compared: int = field(default=0, init=False)
    _compare_all_at: float = field(default=0.0, init=False)
    _refused_until: dict[tuple[int, str], float] = field(default_factory=dict, init=False)
    _unmoved: set[int] = field(default_factory=set, init=False)
    _sent: int = field(default=0, init=False)
    _refused: int = field(default=0, init=False)
    _has_failed: bool = field(default=False, init=False)
    _ending: threading.Event = field(default_factory=threading.Event, init=False)
    _woken: threading.Event = field(default_factory=threading.Event, init=False)
    _thread: threading.Thread | None = field(default=None, init=False)

    def start(self) -> None:
        """Start, and tell the operator if nothing would follow from a failed payment."""
        with self.control.read() as tx:
            if not plans.exists(tx, self.rule.plan):
                log.error("--payment-failed-plan: %s", NoSuchPlan(self.rule.plan))
        self._thread = threading.Thread(target=self._run, name="payments", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop after the current request; the rest is done after the next start."""
        self._ending.set()
        self.wake()
        if self._thread is not None:
            self._thread.join(STOP_SECONDS)

    def wake(self) -> None:
        """Look now: the provider has said something."""
        self._woken.set()

    def look(self) -> float:
        """Do what is due; return how many seconds to wait.

        Raises:
            StoreUnavailable: The database cannot be written; it is tried again at the next call.
        """
        self._woken.clear()
        pause = self._work()
        with self.control.read() as tx:
            waiting, failing = meter_events.all_waiting(tx), payers.failing(tx)
        self.note(*waiting, failing, self._sent, self._refused)
        return pause

    def _work(self) -> float:
        self._review()
        self._tell_members()
        self._compare()
        self._report()
        try:
            self._finish_setups()
            self._end_deleted()
            self._deliver()
        except PaymentsUnavailable as error:
            self._pause = min(self._pause * 2, LONGEST_PAUSE)
            return max(self._pause, min(error.retry_after or 0.0, REFUSED_SECONDS))
        self._pause = PAUSE_SECONDS
        return PAUSE_SECONDS

    def _review(self) -> None:
        with self.control.read() as tx:
            due = payers.to_review(tx, self.rule)
        for id in due:
            try:
                with self.control.begin() as tx:
                    payers.review(tx, id, self.rule)
            except NoSuchPlan as error:
                if id not in self._unmoved:
                    self._unmoved.add(id)
                    fields = with_fields({"account": id})
                    log.error("the plan of a payer cannot be changed: %s", error, extra=fields)

    def _tell_members(self) -> None:
        with self.control.read() as tx:
            found = payers.unsent(tx)
        for each in found:
            # Recorded first: with a full disk, members would get the same e-mail every few seconds.
            with self.control.begin() as tx:
                payers.mark_sent(tx, each)
            for email in each.emails:
                self.send(email, *letter(each, self.rule))

    def _compare(self) -> None:
        """Write events for what the ledger has and nobody was told."""
        now = self.time()
        if now < self._compare_at:
            return
        is_all = now >= self._compare_all_at
        if is_all:
            with self.control.begin() as tx:
                meter_events.sell(tx, self.meters)
        with self.control.read() as tx:
            selling, clock = payers.selling(tx), tx.now
        since = None if is_all else min(clock, self._compared) - DAY
        for payer in selling:
            with self.control.read() as tx:
                found = meter_events.unsent(tx, payer, self.meters, since)
            if found:
                with self.control.begin() as tx:
                    meter_events.add(tx, found)
        self._compare_at, self._compared = now + COMPARE_SECONDS, clock
        if is_all:
            with self.control.begin() as tx:
                meter_events.forget(tx)
            self._compare_all_at = now + COMPARE_ALL_SECONDS

    def _report(self) -> None:
        """Tell the operator of usage that the provider takes no more."""
        with self.control.read() as tx:
            found = meter_events.too_old(tx)
        if not found:
            return
        with self.control.begin() as tx:
            meter_events.reported(tx, found)
        for each in found:
            fields = with_fields(
                {"account": each.account_id, "meter": each.meter, "value": each.value}
            )
            log.error("usage is too old to be sold: it was not told for 35 days", extra=fields)

    def _finish_setups(self) -> None:
        with self.control.read() as tx:
            found = payers.unfinished(tx)
        for account_id, customer_id, setup_id in found:
            with self._refusing(account_id, _SETUP):
                if self._is_asked_for(account_id, _SETUP):
                    self.provider.finish_setup(customer_id, setup_id)
                    with self.control.begin() as tx:
                        payers.finished(tx, account_id, setup_id)

    def _end_deleted(self) -> None:
        """A deleted account is no customer any more; what it has used is told nevertheless."""
        with self.control.read() as tx:
            found = payers.to_end(tx)
        for account_id, customer_id in found:
            with self._refusing(account_id, _END):
                if self._is_asked_for(account_id, _END):
                    self.provider.end(customer_id)
                    with self.control.begin() as tx:
                        payers.ended(tx, account_id, customer_id)

    def _deliver(self) -> None:
        with self.control.read() as tx:
            due = meter_events.to_deliver(tx)
        for account_id, meter in due:
            with self._refusing(account_id, meter):
                self._deliver_of(account_id, meter)
            if self._woken.is_set():  # who has paid does not wait for the events of all others
                return

    def _deliver_of(self, account_id: int, meter: str) -> None:
        with self.control.read() as tx:
            found = meter_events.waiting(tx, account_id, meter)
        for each in found:
            if not self._is_asked_for(account_id, meter):
                return
            self.provider.tell(each.event)
            self._sent += 1
            with self.control.begin() as tx:
                meter_events.delivered(tx, [each])
            if self._woken.is_set():
                return

    def _is_asked_for(self, account_id: int, what: str) -> bool:
        is_refused = self.time() < self._refused_until.get((account_id, what), 0.0)
        return not is_refused and not self._ending.is_set()

    @contextmanager
    def _refusing(self, account_id: int, what: str) -> Iterator[None]:
        """What is refused keeps neither other accounts waiting nor other meters."""
        try:
            yield
        except PaymentsRefused:
            self._refused += 1
            self._refused_until[account_id, what] = self.time() + REFUSED_SECONDS
            log.error(
                "the provider of payments refuses something; it is asked again in an hour",
                extra=with_fields({"account": account_id, "of": what}),
            )

    def _run(self) -> None:
        while not self._ending.is_set():
            pause = self._looked()
            self._woken.wait(0 if self._ending.is_set() else pause)

    def _looked(self) -> float:
        try:
            pause = self.look()
        except Exception as error:  # nothing is lost: what is due is in the database
            if not self._has_failed:
                trace = None if isinstance(error, AttimoError) else error
                log.error("payments cannot go on; tried again: %s", error, exc_info=trace)
            self._has_failed = True
            return COMPARE_SECONDS if not isinstance(error, StoreUnavailable) else PAUSE_SECONDS
        self._has_failed = False
        return pause


def meters_of(settings: Settings) -> tuple[Meter, ...]:
    """Return what is sold.

    Raises:
        Misconfigured: A name is that of no meter that is counted.
    """
    known = {meter.value: meter for meter in COUNTED}
    for name in settings.payment_meters:
        if name not in known:
            raise Misconfigured(
                f"--payment-meters: {name!r} is not counted; use some of {', '.join(known)}"
            )
    return tuple(known[name] for name in settings.payment_meters)


def provider_of(settings: Settings) -> Payments | None:
    """Return the provider of payments; None without one.

    Raises:
        Misconfigured: Its package is not installed, or a meter is not counted.
    """
    meters_of(settings)
    key, webhook = settings.stripe_secret_key, settings.stripe_webhook_secret
    if settings.payments == "off" or key is None or webhook is None:
        return None
    from attimo.payments.stripe import Stripe

    return Stripe(key.value, webhook.value, settings.stripe_api, settings.stripe_prices)


def rule_of(settings: Settings) -> Rule:
    """Return what follows from a failed payment."""
    return Rule(settings.payment_failed_plan, settings.payment_grace)
