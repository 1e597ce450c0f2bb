"""Momento's own client for Rust, judged by Rust's own test runner: one test a module and way in.

It trusts no authority but those compiled into it, so it is judged on plaintext alone.
`cargo test --no-run` in this folder builds it; `make conformance` does it.
"""

import re
import shutil
import subprocess
from collections import defaultdict
from pathlib import Path

import pytest

from conformance import programs
from conformance.programs import LIMIT_SECONDS, Outcome, Outcomes
from conformance.proxies.proxies import all_running, need_all
from conformance.stage import Stage

FOLDER = Path(__file__).parent
SOURCES = [path for path in sorted(FOLDER.glob("src/*.rs")) if path.stem not in {"main", "scene"}]
TEST = re.compile(r"^test (\w+)::(\w+) \.\.\. (ok|FAILED)$", re.MULTILINE)
STAGED, PROXIED = "topics", "proxies"
"""The modules whose server is restarted, and is their own: in front of the second are proxies."""

SAID = re.compile(r"^---- (\S+) stdout ----\n(.*?)(?=^---- |^failures:$)", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="session")
def cargo() -> str:
    """Cargo, with the client built; without them nothing here can be judged."""
    found = shutil.which("cargo")
    if found is None:
        pytest.skip("NOT JUDGED: Momento's Rust client needs `cargo`, which is not installed")
    if not any(FOLDER.glob("target/debug/deps/sdk-*")):
        pytest.skip(
            f"NOT JUDGED: Momento's Rust client is not built; run `cargo test --no-run` in {FOLDER}"
        )
    return found


@pytest.fixture(scope="session", params=["key", "v1"])
def outcomes(request: pytest.FixtureRequest, cargo: str) -> Outcomes:
    """What every module said, by its name, in one run."""
    way = str(request.param)
    server = programs.server_for(way, request)
    environment = programs.environment(server, way) | {"ATTIMO_V1_TOKEN": server.v1_token}
    return run(cargo, environment, "--", "--skip", f"{STAGED}::", "--skip", f"{PROXIED}::")


@pytest.fixture(scope="session")
def staged_outcomes(cargo: str, tmp_path_factory: pytest.TempPathFactory) -> Outcomes:
    """What the modules said that have a server of their own; their tests run one at a time."""
    room = tmp_path_factory.mktemp("proxies")
    with Stage() as stage, all_running(stage.road.port, room) as proxies:
        told = {"ATTIMO_PROXIES": " ".join(f"127.0.0.1:{each.plain_port}" for each in proxies)}
        words = ("--test-threads", "1", f"{STAGED}::", *([f"{PROXIED}::"] if proxies else []))
        return run(cargo, stage.environment | told, "--", *words)


def run(cargo: str, environment: dict[str, str], *words: str) -> Outcomes:
    """What some modules say."""
    done = subprocess.run(
        [cargo, "test", "--offline", "--locked", *words],
        cwd=FOLDER,
        env=environment | {"CARGO_TARGET_DIR": str(FOLDER / "target")},
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
    )
    read = read_lines(done.stdout)
    assert read, done.stdout[-2_000:] + done.stderr[-20_000:]
    programs.write_results(FOLDER, SOURCES, read)
    return read


def read_lines(text: str) -> Outcomes:
    """Take the runner's lines apart: the tests of each module."""
    said = dict(SAID.findall(text))
    read: dict[str, list[Outcome]] = defaultdict(list)
    for module, test, result in TEST.findall(text):
        failure = said.get(f"{module}::{test}", "") if result == "FAILED" else None
        read[module].append(Outcome(test, failure))
    return read


@pytest.mark.parametrize(
    "file", [each.stem for each in SOURCES if each.stem not in (STAGED, PROXIED)]
)
def test_the_client_for_rust(outcomes: Outcomes, file: str) -> None:
    programs.judge(outcomes, file)


def test_the_client_for_rust_on_topics(staged_outcomes: Outcomes) -> None:
    programs.judge(staged_outcomes, STAGED)


def test_the_client_for_rust_on_topics_behind_proxies(staged_outcomes: Outcomes) -> None:
    need_all()
    programs.judge(staged_outcomes, PROXIED)


def test_every_method_that_the_client_has_is_called() -> None:
    called = {name for names in programs.methods(FOLDER).values() for name in names}

    assert {name for name in called if not programs.callers(SOURCES, name)} == set()
