"""Programs in other languages that judge Attimo: how they are told of a server, what they said.

Each language's folder has a program on Momento's published client, `methods.json`, which says
what that client calls each method on the wire (null: it has none), and a wrapper that runs the
program and hands its outcomes to pytest, a test a file.

`ATTIMO_CONFORMANCE_RESULTS` names a folder for `<language>.json`: each method on the wire with
`pass`, `fail`, `not in SDK` or `not served`. A method fails with any test in a file that calls it.
"""

import json
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness import Server, bare_environment

LIMIT_SECONDS = 300
WAYS = ["local", "key"]
NOT_SERVED = re.compile(r"control_client\.ScsControl/\w*Index")


@dataclass(frozen=True, slots=True)
class Outcome:
    """One test of a program: its name, and what it said if it failed."""

    test: str
    failure: str | None = None


Outcomes = Mapping[str, list[Outcome]]


def server_for(way: str, request: pytest.FixtureRequest) -> Server:
    """The server that is reached in this way: without a key, or with one."""
    found: Server = request.getfixturevalue("local_server" if way == "local" else "server")
    return found


def environment(server: Server, way: str) -> dict[str, str]:
    """What a program is told of the server."""
    host, port = server.http_address
    return bare_environment() | {
        "ATTIMO_WAY": way,
        "ATTIMO_HTTP": f"{host}:{port}",
        "MOMENTO_API_KEY": server.api_key,
        "MOMENTO_ENDPOINT": server.endpoint,
    }


def judge(outcomes: Outcomes, file: str) -> None:
    """Pass if the file has tests and all of them passed; else show what they said."""
    tests = outcomes.get(file, [])
    assert tests, f"{file}: no test ran; these did: {sorted(outcomes)}"
    failures = [f"{each.test}\n{each.failure}" for each in tests if each.failure is not None]
    assert not failures, f"{len(failures)} of {len(tests)} failed\n" + "\n".join(failures)[:20_000]


def methods(folder: Path) -> dict[str, list[str]]:
    """Each method on the wire, and what this client calls it: nothing, one name or more."""
    said: dict[str, str | None] = json.loads((folder / "methods.json").read_text())
    return {method: names.split(", ") if names else [] for method, names in said.items()}


def callers(sources: Iterable[Path], name: str) -> set[str]:
    """The source files that call a method of this name."""
    call = re.compile(rf"\b{name}(::<[^>]*>)?(::new)?\(")
    return {source.stem for source in sources if call.search(source.read_text())}


def write_results(folder: Path, sources: Iterable[Path], outcomes: Outcomes) -> None:
    """Say how each method fares, if somebody wants to know."""
    wanted = os.environ.get("ATTIMO_CONFORMANCE_RESULTS")
    if wanted is None:
        return
    path = Path(wanted, f"{folder.name}.json")
    before: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    failed = {file for file, tests in outcomes.items() if any(each.failure for each in tests)}
    files = list(sources)
    now: dict[str, str] = {}
    for method, names in methods(folder).items():
        fails = {file for name in names for file in callers(files, name)} & failed
        now[method] = "fail" if fails else _standing(method, names)
    merged = {method: "fail" if before.get(method) == "fail" else now[method] for method in now}
    path.write_text(json.dumps(merged, indent=2) + "\n")


def _standing(method: str, names: list[str]) -> str:
    if not names:
        return "not in SDK"
    return "not served" if NOT_SERVED.search(method) else "pass"
