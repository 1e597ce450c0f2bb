"""Instructions per operation, counted by callgrind: `python -m bench.instructions`.

Processor time swings by tens of percent from one start of a server to the next, and with whatever
else the machine does. The number of instructions does not, so it tells two builds a percent apart:
`--against CHECKOUT` counts another checkout's build under the same load and prints the ratio;
`--refused` counts the same requests of an account that is over its limit. It counts user space
only; the kernel's share does not change with a build that makes the same calls.
"""

import argparse
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from bench import driver, limits, progress
from bench.accounts import operator
from bench.driver import Load
from bench.errors import RunError, SetupError
from bench.machine import ROOT
from bench.peers import Peer, attimo, program
from bench.scenarios import Scenario, every

KEYS = 10_000
OPERATIONS = 20_000
WARM_UP = 2_000
DEFAULT = (
    "grpc-get-1x100-zipf",
    "grpc-get-1x100-scoped-zipf",
    "grpc-set-1x100-zipf",
    "http1-get-50x1-zipf",
    "http1-put-50x1-zipf",
    "http2-get-1x100-zipf",
)

_TOTALS = re.compile(r"^(?:totals|summary): (\d+)", re.MULTILINE)


def main() -> None:
    """Count, and print a table."""
    options = argparse.ArgumentParser(prog="python -m bench.instructions", description=__doc__)
    options.add_argument("scenario", nargs="*", default=DEFAULT, help="names, or their beginnings")
    other = options.add_mutually_exclusive_group()
    other.add_argument("--against", type=Path, metavar="CHECKOUT", help="a build to compare with")
    other.add_argument("--refused", action="store_true", help="compare with refused requests")
    chosen = options.parse_args()
    scenarios = [each for each in every() if each.name.startswith(tuple(chosen.scenario))]
    if not scenarios:
        sys.exit(f"error: no scenario begins with {', '.join(chosen.scenario)}")
    try:
        driver.build()
        ours = count(ROOT, scenarios)
        theirs = count(chosen.against.resolve(), scenarios) if chosen.against else {}
        refused = count(ROOT, scenarios, is_over=True) if chosen.refused else {}
    except (RunError, SetupError) as error:
        sys.exit(f"error: {error}")
    table = _table(refused, ours, "served") if refused else _table(ours, theirs, "before")
    print("\n".join(table))


def count(checkout: Path, scenarios: list[Scenario], is_over: bool = False) -> dict[str, float]:
    """Instructions per operation of a checkout's build, by scenario.

    Args:
        is_over: Whether the account is over its limit, so that all operations are refused.

    Raises:
        SetupError: valgrind is missing, or the checkout has no build.
        RunError: An answer was wrong.
    """
    found = {}
    with (
        tempfile.TemporaryDirectory(prefix="attimo-bench-") as folder,
        counted_server(checkout, Path(folder), tls=any(each.tls for each in scenarios)) as peer,
    ):
        small = [replace(each, keys=KEYS) for each in scenarios]
        for each in {(one.stored, one.members): one for one in small}.values():
            driver.drive(each.asks(peer), each.filling())
        if is_over:
            with operator(peer) as asks:
                asks.assign(limits.OWNER, "unlimited", limits.NOTHING)
        for each in small:
            found[each.name] = _count(peer, each, Path(folder), is_over)
            progress.say(f"  {checkout.name:<10} {each.name:<28} {found[each.name]:9.0f}")
    return found


@contextmanager
def counted_server(checkout: Path, folder: Path, tls: bool = False) -> Iterator[Peer]:
    """A server under callgrind that counts nothing yet, each thread on its own."""
    valgrind = [program("valgrind"), "--quiet", "--tool=callgrind", "--instr-atstart=no"]
    valgrind += ["--separate-threads=yes", f"--callgrind-out-file={folder / 'counted'}"]
    python = checkout / ".venv" / "bin" / "python"
    if not python.exists():
        raise SetupError(f"{checkout} has no build: type make build there")
    attimo_program = [*valgrind, str(python), str(python.parent / "attimo")]
    with attimo(tls=tls, under=attimo_program) as peer:
        yield peer


def _count(peer: Peer, scenario: Scenario, folder: Path, is_over: bool) -> float:
    asked = scenario.asks(peer)
    refused = limits.refused_by(scenario.protocol) if is_over else ""
    load = replace(scenario.load(seconds=600, seed=1), warm_up_seconds=0)
    driver.drive(asked, replace(load, operations=WARM_UP), real_time=False, refused=refused)
    control(peer, "--instr=on")
    found = driver.drive(asked, _exactly(load), real_time=False, refused=refused)
    control(peer, f"--dump={scenario.name}")
    control(peer, "--instr=off")
    return busiest(folder) / found.operations


def _exactly(load: Load) -> Load:
    return replace(load, operations=OPERATIONS)


def control(peer: Peer, word: str) -> None:
    """Tell the callgrind of a server something, such as `--instr=on`.

    Raises:
        RunError: It did not do that.
    """
    command = [program("callgrind_control"), word, str(peer.pid)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise RunError(f"{' '.join(command)}: {done.stdout}{done.stderr}")


def busiest(folder: Path) -> int:
    """The instructions of the thread that had most of them, the data thread; the files go."""
    files = list(folder.glob("counted*"))
    # A thread that slept all the while may be said to have done less than nothing, unsigned.
    counts = [n for file in files for n in _totals(file) if n < 1 << 63]
    for file in files:
        file.unlink()
    if not counts:
        raise RunError("callgrind wrote nothing")
    return max(counts)


def _totals(file: Path) -> list[int]:
    return [int(n) for n in _TOTALS.findall(file.read_text())]


def _table(ours: dict[str, float], theirs: dict[str, float], name: str) -> Iterator[str]:
    yield "| scenario | instructions/op |" + (f" {name} | ratio |" if theirs else "")
    yield "| --- | --- |" + (" --- | --- |" if theirs else "")
    for scenario, n in ours.items():
        other = theirs.get(scenario)
        rest = f" {other:,.0f} | {n / other:.3f} |" if other else ""
        yield f"| {scenario} | {n:,.0f} |{rest}"


if __name__ == "__main__":
    main()
