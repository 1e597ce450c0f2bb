"""What limits cost: of a request that is served, of one that is refused, and in memory."""

from contextlib import ExitStack
from dataclasses import dataclass
from statistics import median

from bench import progress
from bench.accounts import Limits, operator
from bench.cpu import resident_bytes, wait_until_settled
from bench.driver import Drive, Load, drive, filling
from bench.peers import Peer, attimo
from bench.plan import Plan

KEYS = 1_000_000
OWNER = 1
MOST = {"operations": 10**9, "bytes_in": 10**12, "bytes_out": 10**12}
EVERY: Limits = {
    f"{whose}{what}_per_second": number
    for whose in ("", "cache_", "key_")
    for what, number in MOST.items()
}
"""All rates, of the account, its caches and its keys, that this load does not reach."""
OF_CONTROL: Limits = dict.fromkeys(
    ("caches", "keys", "control_calls_per_second", "publishes_per_second", "subscriptions"), 10**6
)
"""What the data plane does not keep."""
NOTHING: Limits = {"operations_per_second": 1}
REFUSED = "Status(8)"
"""How the generator names gRPC's RESOURCE_EXHAUSTED."""
REFUSED_BY_HTTP = "Status(429)"
PLAN = "limited"
RATE = 50_000
"""Calls a second at which served and refused ones are compared: how many calls a system call is for
depends on the rate, which in a closed loop would not be the same."""


def refused_by(protocol: str) -> str:
    """How the generator names the refusal of a request over a limit."""
    return REFUSED if protocol == "grpc" else REFUSED_BY_HTTP


@dataclass(frozen=True, slots=True)
class LimitFigures:
    """What was found.

    Attributes:
        free: Gets of an account without limits, a drive for each round.
        limited: The same of an account with all limits, on a server of its own.
        steady: The same at a steady rate.
        refused: The same at this rate when the limit is one operation a second.
        accounts: How many accounts had limits.
        buckets_bytes: What the limits of all of them, and their use, added to the memory.
    """

    free: tuple[Drive, ...]
    limited: tuple[Drive, ...]
    steady: tuple[Drive, ...]
    refused: tuple[Drive, ...]
    accounts: int
    buckets_bytes: int

    def figures(self) -> dict[str, float]:
        """The figures by name; processor time in microseconds."""
        found = {
            "limits.free_cpu": median(each.cpu for each in self.free),
            "limits.limited_cpu": median(each.cpu for each in self.limited),
            "limits.steady_cpu": median(each.cpu for each in self.steady),
            "limits.refused_cpu": median(each.cpu for each in self.refused),
            "limits.limited": _ratio(self.limited, self.free),
            "limits.refused": _ratio(self.refused, self.steady),
        }
        if self.accounts >= 10_000:
            found["limits.buckets_mb"] = self.buckets_bytes / 1e6
        return found


def measure(plan: Plan) -> LimitFigures:
    """Measure two servers in turn, then the memory of a third."""
    free: list[Drive] = []
    limited: list[Drive] = []
    steady: list[Drive] = []
    refused: list[Drive] = []
    with ExitStack() as stack:
        without, with_limits = (stack.enter_context(attimo()) for _ in range(2))
        for peer in (without, with_limits):
            drive(peer, filling(KEYS))
        asks = stack.enter_context(operator(with_limits))
        for turn in range(plan.rounds):
            load = Load(1, 100, reads=1, order="zipf", seconds=plan.seconds, seed=turn + 1)
            free.append(drive(without, load))
            asks.assign(OWNER, "unlimited", EVERY)
            limited.append(drive(with_limits, load))
            load = load.at(RATE, plan.seconds)
            steady.append(drive(with_limits, load))
            asks.assign(OWNER, "unlimited", NOTHING)
            refused.append(drive(with_limits, load, refused=REFUSED))
            progress.say(
                f"  Get {free[-1].cpu:.3f} µs without limits, {limited[-1].cpu:.3f} with all; "
                f"at {RATE} a second {steady[-1].cpu:.3f}, {refused[-1].cpu:.3f} refused"
            )
    with attimo() as peer:
        added = _memory(peer, plan.caches)
    progress.say(f"  {plan.caches} accounts with limits: {added / 1e6:.1f} MB")
    return LimitFigures(
        tuple(free), tuple(limited), tuple(steady), tuple(refused), plan.caches, added
    )


def _ratio(ours: tuple[Drive, ...], theirs: tuple[Drive, ...]) -> float:
    return median(a.cpu / b.cpu for a, b in zip(ours, theirs, strict=True))


def _memory(peer: Peer, count: int) -> int:
    """What limits add for accounts that were known and in use before they had any."""
    with operator(peer) as asks:
        asks.create_plan(PLAN)
        accounts = [asks.create(f"account {number}") for number in range(count)]
        for account in accounts:
            asks.assign(account.id, PLAN, {})

        def use() -> int:
            for account in accounts:
                asks.get(account, peer.cache)
            wait_until_settled(peer.pid)
            return resident_bytes(peer.pid)

        # What telling the node of all accounts takes for a moment, and what their usage takes, is
        # there before: it is no memory of limits.
        asks.change_plan(PLAN, OF_CONTROL)
        use()
        before = use()
        asks.change_plan(PLAN, OF_CONTROL | EVERY)
        return use() - before
