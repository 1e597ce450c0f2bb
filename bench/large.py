"""What large requests of others cost a paced client: all ask the one thread there is."""

import json
import subprocess
import sys
from dataclasses import dataclass
from statistics import median

import httpx

from bench import driver, progress
from bench.driver import Drive, Load, drive, filling
from bench.errors import RunError
from bench.machine import ROOT
from bench.peers import Peer, attimo
from bench.pinning import pinned, schedule_ordinarily
from bench.plan import Plan

ELEMENTS = 100_000
EACH_PER_SECOND = 10
GETS_PER_SECOND = 5_000
ROUNDS = 3
NAMES = [f"element {at:06}" for at in range(ELEMENTS)]


@dataclass(frozen=True, slots=True)
class Request:
    """A large request of the HTTP API."""

    name: str
    line: str
    body: object = None

    def written(self, peer: Peer) -> str:
        """The request as `bench.asker` reads it."""
        method, path = self.line.split()
        headers = {"Authorization": peer.token}
        if self.body is not None:
            headers["Content-Type"] = "application/json"
        body = None if self.body is None else json.dumps(self.body)
        path = f"/cache/{peer.cache}/{path}"
        return json.dumps({"method": method, "path": path, "headers": headers, "body": body})


REQUESTS = (
    Request("fetch", "GET sorted-set?key=large"),
    Request(
        "union",
        "POST sorted-set/union?key=union&ttl_seconds=600",
        {"sources": [{"key": "large"}] * 5},
    ),
    Request("batch", "POST get", {"keys": NAMES}),
)


@dataclass(frozen=True, slots=True)
class Large:
    """Rounds of the Gets alone, beside one kind of large request, and beside all of them.

    Attributes:
        beside: By the kind.
        per_second: How many large requests of each kind were answered when all were asked for.
    """

    alone: tuple[Drive, ...]
    beside: dict[str, tuple[Drive, ...]]
    per_second: dict[str, float]

    def figures(self) -> dict[str, float]:
        """The figures by name; times in microseconds."""
        found = {"large.get_p99_alone": median(each.p99 for each in self.alone)}
        for kind, rounds in self.beside.items():
            found[f"large.get_p99_beside_{kind}"] = median(each.p99 for each in rounds)
        return found | {f"large.{kind}.per_second": n for kind, n in self.per_second.items()}


def measure(plan: Plan) -> Large:
    """Gets at a steady rate, alone and beside ten large requests of each kind a second."""
    seconds = 2 * plan.paced_seconds
    gets = Load(4, 8, reads=1, order="zipf", seconds=seconds).at(GETS_PER_SECOND, seconds)
    kinds = {each.name: (each,) for each in REQUESTS} | {"all": REQUESTS}
    alone: list[Drive] = []
    beside: dict[str, list[Drive]] = {kind: [] for kind in kinds}
    answered: dict[str, list[float]] = {each.name: [] for each in REQUESTS}
    with attimo() as peer:
        _fill(peer)
        schedule_ordinarily(peer.pid)
        for _ in range(ROUNDS):
            alone.append(drive(peer, gets, real_time=False))
            for kind, requests in kinds.items():
                found, rates = _beside(peer, gets, requests, seconds)
                beside[kind].append(found)
                if kind == "all":
                    for request, rate in zip(requests, rates, strict=True):
                        answered[request.name].append(rate)
    medians = {name: median(rates) for name, rates in answered.items()}
    large = Large(tuple(alone), {kind: tuple(each) for kind, each in beside.items()}, medians)
    for name, value in large.figures().items():
        progress.say(f"  {name:<28} {value:10.1f}")
    return large


def _fill(peer: Peer) -> None:
    drive(peer, filling(1_000_000))
    url, headers = f"http://{peer.address}/cache/{peer.cache}", {"Authorization": peer.token}
    members = [{"value": name, "score": at} for at, name in enumerate(NAMES)]
    items = [{"key": name, "value": "v"} for name in NAMES]
    with httpx.Client(base_url=url, headers=headers, timeout=60, trust_env=False) as client:
        for path, body in (
            ("/sorted-set?key=large&ttl_seconds=3600", {"elements": members}),
            ("/put?ttl_seconds=3600", {"items": items}),
        ):
            client.post(path, json=body).raise_for_status()


def _beside(
    peer: Peer, gets: Load, requests: tuple[Request, ...], seconds: float
) -> tuple[Drive, list[float]]:
    """The Gets beside these requests, and how many of each a second were answered."""
    # They begin before what is counted does, and outlast it.
    lasting = seconds + gets.warm_up_seconds
    running = [_ask(peer, each, lasting) for each in requests]
    found = drive(peer, gets, real_time=False)
    return found, [_answered(each) for each in running]


def _ask(peer: Peer, request: Request, seconds: float) -> "subprocess.Popen[str]":
    words = [peer.address, str(EACH_PER_SECOND), str(seconds)]
    command = [sys.executable, "-m", "bench.asker", *words]
    process = subprocess.Popen(
        pinned(driver.CORE, command, real_time=False),
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    if process.stdin:
        process.stdin.write(request.written(peer))
        process.stdin.close()
        process.stdin = None
    return process


def _answered(process: "subprocess.Popen[str]") -> float:
    out, error = process.communicate()
    if process.returncode != 0:
        raise RunError(f"{process.args!r}\n{error}")
    return float(out)
