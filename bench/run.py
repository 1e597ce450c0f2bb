"""The whole measurement, in the order in which it happens."""

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

from bench import (
    console,
    deliveries,
    driver,
    fan_out,
    fetches,
    idle,
    large,
    ledger,
    life,
    limits,
    memory,
    misses,
    neighbours,
    peers,
    progress,
    rates,
    report,
    results,
    scaling,
    throughput,
)
from bench.console import Console
from bench.deliveries import Deliveries
from bench.errors import RunError, SetupError
from bench.fan_out import FanOut
from bench.fetches import Fetches
from bench.idle import Idle
from bench.large import Large
from bench.ledger import LedgerFigures
from bench.life import Life
from bench.limits import LimitFigures
from bench.machine import ROOT, about, check_the_core_is_built
from bench.memory import Collected, Memory
from bench.misses import Misses
from bench.neighbours import Neighbours
from bench.plan import FULL, QUICK, Plan
from bench.rates import Rate
from bench.results import Results
from bench.scaling import Scaling
from bench.scenarios import Scenario, every
from bench.throughput import Measured

PAGE = ROOT / "docs" / "reference" / "benchmarks.md"
Finding = (
    Measured
    | Scaling
    | Rate
    | Fetches
    | Large
    | FanOut
    | Deliveries
    | Neighbours
    | LimitFigures
    | Memory
    | Collected
    | Misses
    | Idle
    | Life
    | LedgerFigures
    | Console
)
PARTS = (
    "throughput",
    "scaling",
    "rates",
    "fetches",
    "large",
    "topics",
    "neighbours",
    "limits",
    "memory",
    "misses",
    "idle",
    "life",
    "ledger",
    "console",
)
SLOW = ("misses",)
"""Not in a quick run, unless they are asked for."""


def main() -> None:
    """Measure, print the table, and keep the run."""
    chosen = _options().parse_args()
    try:
        found = results.read(chosen.render) if chosen.render else _measure(chosen)
    except (RunError, SetupError) as error:
        sys.exit(f"error: {error}")
    print(report.promises(found.figures))
    if chosen.into:
        found = found.add_to(chosen.into)
    if chosen.render or chosen.into or not _is_partial(chosen):
        PAGE.write_text(report.page(found))
        progress.say(f"Wrote {PAGE.relative_to(ROOT)}")


def _options() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(
        prog="python -m bench",
        description="Measure Attimo beside other servers, in turn in the same run.",
    )
    options.add_argument(
        "--quick", action="store_true", help="less often and less long: about five minutes"
    )
    options.add_argument(
        "--only",
        action="append",
        metavar="NAME",
        help=f"only this part ({', '.join(PARTS)}) or scenario, by the start of its name",
    )
    options.add_argument(
        "--stale", action="store_true", help="measure the core although its sources are newer"
    )
    options.add_argument(
        "--into", type=Path, metavar="FILE", help="put what is measured into a run that was kept"
    )
    options.add_argument("--list", action="store_true", help="name the scenarios and end")
    options.add_argument(
        "--render", type=Path, metavar="FILE", help="write the page anew from a run that was kept"
    )
    return options


def _measure(chosen: argparse.Namespace) -> Results:
    plan = QUICK if chosen.quick else FULL
    scenarios = _scenarios(chosen)
    if chosen.list:
        print("\n".join(each.name for each in scenarios))
        sys.exit()
    if not chosen.stale:
        check_the_core_is_built()
    driver.build()
    words = [f"--{word}" for word in ("quick", "stale") if getattr(chosen, word)]
    words += [f"--only {name}" for name in chosen.only or ()]
    found = Results(about(chosen.quick, " ".join(["python -m bench", *words])), peers.versions())
    for part in _parts(chosen, scenarios):
        progress.say(f"Measuring {part}")
        findings = _findings(part, scenarios, plan)
        for finding in findings:
            found.figures |= finding.figures()
            found.rounds.append(asdict(finding))
        found.figures |= throughput.ratios([f for f in findings if isinstance(f, Measured)])
    path = found.write(_is_partial(chosen))
    progress.say(f"Wrote {path.relative_to(ROOT)}")
    return found


def _findings(part: str, chosen: list[Scenario], plan: Plan) -> Sequence[Finding]:
    """Measure one part."""
    measures: dict[str, Callable[[], Sequence[Finding]]] = {
        "throughput": lambda: throughput.measure(chosen, plan),
        "scaling": lambda: scaling.measure(plan),
        "rates": lambda: rates.measure(plan),
        "fetches": lambda: [fetches.measure(plan)],
        "large": lambda: [large.measure(plan)],
        "topics": lambda: [fan_out.measure(plan), *deliveries.measure()],
        "neighbours": lambda: [neighbours.measure()],
        "limits": lambda: [limits.measure(plan)],
        "memory": lambda: memory.measure(plan),
        "misses": misses.measure,
        "idle": idle.measure,
        "life": lambda: [life.measure(plan)],
        "ledger": lambda: [ledger.measure()],
        "console": lambda: [console.measure(plan)],
    }
    return measures[part]()


def _scenarios(chosen: argparse.Namespace) -> list[Scenario]:
    only = [name for name in chosen.only or () if name not in PARTS]
    if only:
        return [each for each in every() if each.name.startswith(tuple(only))]
    return [each for each in every() if each.quick or not chosen.quick]


def _parts(chosen: argparse.Namespace, scenarios: list[Scenario]) -> list[str]:
    if not chosen.only:
        return [part for part in PARTS if part not in SLOW or not chosen.quick]
    named = [part for part in PARTS if part in chosen.only]
    others = [name for name in chosen.only if name not in PARTS]
    if others and not scenarios:
        sys.exit(f"error: no part and no scenario begins with {', '.join(others)}")
    return [*named, "throughput"] if others and "throughput" not in named else named


def _is_partial(chosen: argparse.Namespace) -> bool:
    return bool(chosen.only)
