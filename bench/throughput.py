"""Every scenario on every server that takes part, in turn and again: A, B, A, B."""

from contextlib import ExitStack
from dataclasses import dataclass
from statistics import median

from bench import bars, progress
from bench.bars import Figures
from bench.driver import Drive, drive
from bench.peers import STARTERS, Peer
from bench.pinning import schedule_ordinarily
from bench.plan import LOAD_SHARE, Plan
from bench.scenarios import Scenario

Pair = tuple[Scenario, str]


@dataclass(frozen=True, slots=True)
class Measured:
    """One scenario on one server.

    Attributes:
        rounds: At as many operations as the server bears.
        paced: At 70 % of the median of those.
    """

    scenario: Scenario
    server: str
    rounds: tuple[Drive, ...]
    paced: Drive

    def figures(self) -> dict[str, float]:
        """The figures of this pair by name; times in microseconds."""
        found = {
            "cpu": median(each.cpu for each in self.rounds),
            "cpu_least": min(each.cpu for each in self.rounds),
            "cpu_most": max(each.cpu for each in self.rounds),
            "per_second": median(each.per_second for each in self.rounds),
            "per_second_best": max(each.per_second for each in self.rounds),
            "load_cpu": median(each.load_cpu for each in self.rounds),
            "paced_cpu": self.paced.cpu,
            "paced_per_second": self.paced.per_second,
            "p50": self.paced.p50,
            "p99": self.paced.p99,
            "p999": self.paced.p999,
            "longest": self.paced.longest,
            "behind_seconds": self.paced.behind / self.paced.per_second,
        }
        return {f"{self.scenario.name}.{self.server}.{name}": n for name, n in found.items()}


def measure(chosen: list[Scenario], plan: Plan) -> list[Measured]:
    """Measure scenarios; all servers run at once, and one at a time has work."""
    with ExitStack() as stack:
        peers = _filled(chosen, stack)
        pairs = in_turn([(each, server) for each in chosen for server in each.servers])
        rounds: dict[Pair, list[Drive]] = {pair: [] for pair in pairs}
        for turn in range(plan.rounds):
            progress.say(f"Round {turn + 1} of {plan.rounds}")
            for scenario, server in pairs:
                load = scenario.load(plan.seconds, seed=turn + 1)
                found = drive(scenario.asks(peers[server]), load)
                rounds[scenario, server].append(found)
                progress.say(
                    f"  {scenario.name:<24} {server:<8} {found.cpu:7.3f} µs/op "
                    f"{found.per_second / 1000:7.1f} k/s"
                )
        progress.say(f"At {LOAD_SHARE:.0%} of what each bears")
        for peer in peers.values():
            schedule_ordinarily(peer.pid)
        return [
            Measured(scenario, server, tuple(found), _paced(scenario, peers[server], found, plan))
            for (scenario, server), found in rounds.items()
        ]


def in_turn(pairs: list[Pair]) -> list[Pair]:
    """The order within a round: what a bar compares comes one right after the other."""
    places: dict[str, int] = {}
    for bar in bars.every():
        for figure in (bar.figure, bar.over) if bar.over else ():
            places.setdefault(_pair_name(figure), len(places))
    return sorted(pairs, key=lambda pair: places.get(f"{pair[0].name}.{pair[1]}", len(places)))


def ratios(measured: list[Measured]) -> Figures:
    """Of each bar that compares two figures: the median of the ratios of the rounds."""
    rounds = {f"{each.scenario.name}.{each.server}": each.rounds for each in measured}
    found = {}
    for bar in bars.every():
        if bar.over is None:
            continue
        ours, theirs = (rounds.get(_pair_name(name), ()) for name in (bar.figure, bar.over))
        if ours and theirs:
            found[bar.ratio] = median(a.cpu / b.cpu for a, b in zip(ours, theirs, strict=True))
    return found


def _pair_name(figure: str) -> str:
    """`scenario.server` of a figure `scenario.server.cpu`."""
    return figure.rpartition(".")[0]


def _filled(chosen: list[Scenario], stack: ExitStack) -> dict[str, Peer]:
    names = sorted({server for scenario in chosen for server in scenario.servers})
    peers = {name: stack.enter_context(STARTERS[name]()) for name in names}
    for name, peer in peers.items():
        progress.say(f"Filling {name}")
        mine = [each for each in chosen if name in each.servers and each.fills]
        # Scenarios that use the same collections find them as the one before has left them.
        largest = sorted(mine, key=lambda each: each.keys)
        for each in {(s.stored, s.members): s for s in largest}.values():
            drive(peer, each.filling())
    return peers


def _paced(scenario: Scenario, peer: Peer, rounds: list[Drive], plan: Plan) -> Drive:
    rate = LOAD_SHARE * median(each.per_second for each in rounds)
    load = scenario.load(plan.seconds, seed=99).at(round(rate), plan.paced_seconds)
    found = drive(scenario.asks(peer), load, real_time=False)
    progress.say(f"  {scenario.name:<24} {peer.name:<8} p99.9 {found.p999 / 1000:.2f} ms")
    return found
