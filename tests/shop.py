"""A server that is paid: an account, its usage, and what tells a Stripe of it."""

from dataclasses import dataclass, field

from attimo.billing.meters import Meter
from attimo.control import Control, payers, usage
from attimo.control.payers import Rule
from attimo.payments import Happened
from attimo.payments.stripe import Stripe
from attimo.serve.payments import COMPARE_SECONDS, Seller
from fakes import Batch, Client, Clock, Listener, Used
from stripe_server import KEY, SECRET, StripeServer

HOUR, DAY = 3_600, 86_400
CUSTOMER = "cus_1"


@dataclass
class Seconds:
    """Time that passes by hand."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Shop:
    """A server that is paid: an account, its usage, and what does the rest."""

    control: Control
    clock: Clock
    stripe: StripeServer
    cache: int
    meters: tuple[Meter, ...] = (Meter.TRANSFERRED_BYTES,)
    seconds: Seconds = field(default_factory=Seconds)
    number: int = 0
    told: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """Begin anew with what the database has, as a process does after a kill."""
        provider = Stripe(KEY, SECRET, self.stripe.url)
        rule = Rule("free", 7 * DAY)
        self.seller = Seller(
            self.control, provider, self.meters, rule, lambda *_: None, self.seconds, self.note
        )

    def note(self, *state: int) -> None:
        """What metrics are told: waiting, the oldest, failing, sent, refused."""
        self.told = state

    def sells(self, *meters: Meter) -> None:
        """The operator sells these from now on, and starts the server again."""
        self.meters = meters
        self.restart()
        self.look()

    def pays(self, *account_ids: int) -> int:
        """Accounts have payment methods; the first hour that is sold."""
        for id in account_ids or (1,):
            with self.control.begin() as tx:
                customer = payers.link(tx, id, f"cus_{id}")
                payers.hear(tx, Happened("set-up", self.clock.now, customer, f"seti_{id}"))
        self.seller.look()
        with self.control.read() as tx:
            (since,) = {each.since for each in payers.selling(tx)}
        assert since is not None
        self.clock.now = since
        return since

    def use(self, amount: int, at: int | None = None, cache: int | None = None) -> None:
        self.number += 1
        used = Used(cache or self.cache, "key", "Set", bytes_in=amount)
        with self.control.begin() as tx:
            usage.record(tx, Batch("node", self.number, [used]), at)

    def look(self, after: float = COMPARE_SECONDS) -> float:
        self.seconds.now += after
        return self.seller.look()

    def hours(self, count: int) -> None:
        self.clock.now += count * HOUR

    @property
    def sold(self) -> dict[int, int]:
        return self.stripe.sold(CUSTOMER)

    @property
    def waiting(self) -> int:
        """How many events the account is told to be waiting."""
        with self.control.read() as tx:
            return payers.state(tx, 1).waiting_events

    def sold_of(self, meter: Meter) -> dict[int, int]:
        return self.stripe.sold(CUSTOMER, f"attimo_{meter.value}")


def opened(
    control: Control, owner: Client, node: Listener, clock: Clock, stripe: StripeServer
) -> Shop:
    """A shop with a cache, and a Stripe that knows nobody."""
    owner.ask("PUT", "/caches/shop")
    vars(stripe).update(vars(StripeServer(stripe.url)))
    (cache,) = [each.id for each in node.caches.values() if each.name == "shop"]
    return Shop(control, clock, stripe, cache)
