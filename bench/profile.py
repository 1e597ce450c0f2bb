"""Where the time of a request goes: `python -m bench.profile`.

Samples the server's stacks while it is under load, gives each sample to the part of the program
that asked for the work (a copy made by HTTP/2 is HTTP/2's), and writes the table into
`docs/explanation/where-a-microsecond-goes.md`. It samples by the clock, which every virtual
machine has, and not by the processor's counters.
"""

import argparse
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import groupby
from pathlib import Path

from bench import driver, progress
from bench.driver import Drive
from bench.errors import RunError, SetupError
from bench.machine import ROOT, check_the_core_is_built, commit
from bench.peers import Peer, attimo, program
from bench.scenarios import Scenario, every

PAGE = ROOT / "docs" / "explanation" / "where-a-microsecond-goes.md"
MARKS = ("<!-- measured: begin -->", "<!-- measured: end -->")
SAMPLES_PER_SECOND = 1999
SECONDS = 4
KEYS = 1_000_000
FUNCTIONS = 12

# The first frame, from the innermost outwards, that matches a part says whose the sample is.
PARTS = {
    "engine: finding and reading the item": r"attimo_engine::",
    "token, permission, cache, counting": r"attimo_server::(gate|directory|token|meter|limits)",
    "headers: HPACK, lists of headers": r"h2::(hpack|header|request)|::message|http::(header|uri)",
    "HTTP/2: frames, streams, flow control": r"transport::h2::",
    "HTTP/1.1: requests and answers": r"attimo_server::transport::h1",
    "HTTP API: queries and answers": r"attimo_server::front::rest",
    "gRPC: messages and replies": r"attimo_server::front|momento_protos|prost::",
    "event loop": r"attimo_server|\btokio::|\bmio::",
    "Python": r"_PyEval|PyObject|python3|_PyRun",
}
KERNEL = {
    "kernel: sending": r"sys_(writev?|sendto|sendmsg)\b|tcp_sendmsg",
    "kernel: receiving": r"sys_(readv?|recvfrom|recvmsg)\b|tcp_recvmsg",
    "kernel: waiting for work": r"epoll|ep_poll|schedule",
}
OTHER_KERNEL = "kernel: other"
OTHER = "other"


def main() -> None:
    """Sample one scenario and print where its time goes."""
    options = argparse.ArgumentParser(prog="python -m bench.profile", description=__doc__)
    options.add_argument("scenario", nargs="?", default="grpc-get-1x100-zipf")
    chosen = options.parse_args()
    scenario = next((each for each in every() if each.name == chosen.scenario), None)
    if scenario is None:
        sys.exit(f"error: there is no scenario {chosen.scenario}; see python -m bench --list")
    try:
        stacks, found = _sample(scenario)
    except (RunError, SetupError) as error:
        sys.exit(f"error: {error}")
    text = _page_part(scenario, stacks, found)
    print(text)
    if PAGE.exists():
        _insert(text)


def _sample(scenario: Scenario) -> tuple[list[list[str]], Drive]:
    """The stacks of the server under load, innermost frame first."""
    check_the_core_is_built()
    perf = _perf()
    driver.build()
    with attimo() as peer, tempfile.TemporaryDirectory(prefix="attimo-bench-") as folder:
        driver.drive(scenario.asks(peer), scenario.filling())
        load = scenario.load(SECONDS + 2, seed=1)
        running = driver.start(scenario.asks(peer), load, driver.CORE)
        time.sleep(1)
        stacks = _record(perf, peer, Path(folder) / "perf.data")
        driver.finish(running)
        # Sampling costs the server time of its own, so the cost is taken without it.
        found = driver.drive(scenario.asks(peer), replace(load, seconds=SECONDS))
    return stacks, found


def _perf() -> str:
    try:
        return program("perf")
    except SetupError as error:
        raise SetupError("perf is missing; type: apt-get install -y linux-perf") from error


def _record(perf: str, peer: Peer, file: Path) -> list[list[str]]:
    progress.say(f"Sampling the server for {SECONDS} s")
    record = [perf, "record", "--quiet", "--event=cpu-clock", f"--freq={SAMPLES_PER_SECOND}"]
    record += ["--call-graph=dwarf,16384", f"--pid={peer.pid}", f"--output={file}"]
    done = subprocess.run([*record, "sleep", str(SECONDS)], capture_output=True, text=True)
    if not file.exists():
        raise RunError(f"perf could not sample: {done.stderr}")
    script = [perf, "script", "--no-inline", f"--input={file}", "--fields=ip,sym,dso"]
    said = subprocess.run(script, capture_output=True, text=True, check=True).stdout
    return [stack for lines in _blocks(said) if (stack := [_frame(line) for line in lines])]


def _blocks(said: str) -> Iterator[list[str]]:
    """The lines between empty lines."""
    for is_full, lines in groupby(said.splitlines(), key=lambda line: bool(line.strip())):
        if is_full:
            yield list(lines)


def _frame(line: str) -> str:
    """A line without its address: the function, and the file in parentheses."""
    return line.strip().partition(" ")[2]


def part_of(stack: list[str]) -> str:
    """Whose time a sample is."""
    if "[kernel" in stack[0] or "[guest.kernel" in stack[0]:
        whole = "\n".join(stack)
        found = (part for part, pattern in KERNEL.items() if re.search(pattern, whole))
        return next(found, OTHER_KERNEL)
    for frame in stack:
        for part, pattern in PARTS.items():
            if re.search(pattern, frame):
                return part
    return OTHER


def _page_part(scenario: Scenario, stacks: list[list[str]], found: Drive) -> str:
    each = found.cpu / len(stacks)
    parts = Counter(part_of(stack) for stack in stacks)
    functions = Counter(_function(stack[0]) for stack in stacks)
    whole = f"| **together** | **{found.cpu:.2f}** | 100 % |"
    return "\n".join(
        [
            f"`{scenario.name}` at commit `{commit()}`: {found.cpu:.2f} µs of processor time an",
            f"operation, {len(stacks):,} samples.",
            "",
            "| part | µs/op | share |",
            "| --- | --- | --- |",
            *_rows(parts.most_common(), each, len(stacks)),
            whole,
            "",
            f"The {FUNCTIONS} functions in which most of it was seen:",
            "",
            "| function | µs/op | share |",
            "| --- | --- | --- |",
            *_rows([(f"`{f}`", n) for f, n in functions.most_common(FUNCTIONS)], each, len(stacks)),
        ]
    )


def _rows(counted: list[tuple[str, int]], each: float, whole: int) -> list[str]:
    return [f"| {name} | {n * each:.2f} | {n / whole:.0%} |" for name, n in counted]


def _function(frame: str) -> str:
    name, _, _ = frame.rpartition(" (")
    return name.replace("|", "\\|") or frame


def _insert(text: str) -> None:
    page = PAGE.read_text()
    before, _, rest = page.partition(MARKS[0])
    _, _, after = rest.partition(MARKS[1])
    PAGE.write_text(f"{before}{MARKS[0]}\n\n{text}\n\n{MARKS[1]}{after}")
    progress.say(f"Wrote {PAGE.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
