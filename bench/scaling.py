"""What a second thread is worth, on a machine with two cores.

The generator needs processor time, too, so a server cannot have both cores to itself. Each thread
of the server is therefore given the same neighbour: one thread and one generator share one core;
then two threads and two generators share two. Two figures come of it. The *ratio of throughputs*
is plainly measured, but flattered by the generator, whose own part scales perfectly. The *ratio of
capacities* leaves the generator out: a server whose busiest thread spends t on each operation
carries 1/t. The lesser of the two counts.
"""

from dataclasses import dataclass
from statistics import median

from bench import driver, progress
from bench.driver import Load, filling
from bench.peers import Peer, attimo
from bench.plan import Plan

SHAPES = {"8x16": (8, 16), "50x20": (50, 20)}
KEYS = 1_000_000


@dataclass(frozen=True, slots=True)
class Together:
    """What the generators of one moment found together."""

    per_second: float
    cpu: float
    busiest_cpu: float


@dataclass(frozen=True, slots=True)
class Scaling:
    """One shape, with one thread and with two; medians."""

    shape: str
    one: tuple[Together, ...]
    two: tuple[Together, ...]

    def figures(self) -> dict[str, float]:
        """The figures by name; times in microseconds."""
        one, two = _middle(self.one), _middle(self.two)
        throughput = two.per_second / one.per_second
        capacity = one.busiest_cpu / two.busiest_cpu
        found = {
            "per_second_1": one.per_second,
            "per_second_2": two.per_second,
            "cpu_1": one.cpu,
            "cpu_2": two.cpu,
            "busiest_cpu_1": one.busiest_cpu,
            "busiest_cpu_2": two.busiest_cpu,
            "throughput": throughput,
            "capacity": capacity,
            "two_threads": min(throughput, capacity),
        }
        return {f"scaling.{self.shape}.{name}": number for name, number in found.items()}


def measure(plan: Plan) -> list[Scaling]:
    """Measure every shape, one and two threads in turn."""
    with attimo("0", threads=1) as one, attimo("0,1", threads=2) as two:
        for peer in (one, two):
            driver.drive(peer, filling(KEYS))
        return [_shape(name, one, two, plan) for name in SHAPES]


def _shape(name: str, one: Peer, two: Peer, plan: Plan) -> Scaling:
    connections, depth = SHAPES[name]
    load = Load(connections, depth, reads=1, order="zipf", seconds=plan.seconds)
    alone, together = [], []
    for _ in range(plan.rounds):
        alone.append(_drive(one, load, ["0"]))
        together.append(_drive(two, load, ["0", "1"]))
    found = Scaling(name, tuple(alone), tuple(together))
    progress.say(f"  {name}: {found.figures()[f'scaling.{name}.two_threads']:.2f} times")
    return found


def _drive(peer: Peer, load: Load, cores: list[str]) -> Together:
    """One generator on each of `cores`, all at once."""
    running = [driver.start(peer, load, core) for core in cores]
    found = [driver.finish(each) for each in running]
    # Each generator saw what the whole server spent while it counted only its own operations.
    per_second = sum(each.per_second for each in found)
    spent = [sum(each.threads) / each.seconds for each in found]
    busiest = [max(each.threads) / each.seconds for each in found]
    return Together(per_second, median(spent) / per_second, median(busiest) / per_second)


def _middle(found: tuple[Together, ...]) -> Together:
    return Together(
        median(each.per_second for each in found),
        median(each.cpu for each in found),
        median(each.busiest_cpu for each in found),
    )
