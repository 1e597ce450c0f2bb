"""What one client's large fetches cost another client's Gets: both ask the one thread there is."""

from dataclasses import dataclass

from bench import driver, progress
from bench.driver import Drive, Load, drive, filling
from bench.peers import attimo
from bench.pinning import schedule_ordinarily
from bench.plan import Plan

MEMBERS = 100_000
FETCHES_PER_SECOND = 10
GETS_PER_SECOND = 5_000


@dataclass(frozen=True, slots=True)
class Fetches:
    """The Gets alone, and beside fetches of a sorted set of 100,000 values, with scores."""

    alone: Drive
    beside: Drive
    fetches: Drive

    def figures(self) -> dict[str, float]:
        """The figures by name; times in microseconds."""
        return {
            "fetch.get_p999_alone": self.alone.p999,
            "fetch.get_p999_beside": self.beside.p999,
            "fetch.per_second": self.fetches.per_second,
            "fetch.cpu": self.fetches.cpu,
            "fetch.p50": self.fetches.p50,
        }


def measure(plan: Plan) -> Fetches:
    """Ask for both at a steady rate, from the same core, in ordinary scheduling."""
    seconds = 2 * plan.paced_seconds
    gets = Load(4, 8, reads=1, order="zipf", seconds=seconds).at(GETS_PER_SECOND, seconds)
    whole = Load(1, 1, reads=1, order="each", seconds=seconds, work="fetch", members=MEMBERS)
    whole = whole.at(FETCHES_PER_SECOND, seconds)
    with attimo() as peer:
        drive(peer, filling(1_000_000))
        drive(peer, filling(MEMBERS, work="fetch", members=MEMBERS))
        schedule_ordinarily(peer.pid)
        alone = drive(peer, gets, real_time=False)
        both = [driver.start(peer, load, driver.CORE, False) for load in (gets, whole)]
        beside, fetches = (driver.finish(each) for each in both)
    found = Fetches(alone, beside, fetches)
    progress.say(
        f"  Get p99.9 {alone.p999 / 1000:.2f} ms alone, {beside.p999 / 1000:.2f} ms beside "
        f"{fetches.per_second:.0f} fetches a second"
    )
    return found
