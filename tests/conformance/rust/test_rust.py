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
from conformance.stage import Stage

FOLDER = Path(__file__).parent
SOURCES = [path for path in sorted(FOLDER.glob("src/*.rs")) if path.stem not in {"main", "scene"}]
TEST = re.compile(r"^test (\w+)::(\w+) \.\.\. (ok|FAILED)$", re.MULTILINE)
STAGED = "topics"
"""The module whose server is restarted, and is its own."""

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
    return run(cargo, environment, "--", "--skip", f"{STAGED}::")


@pytest.fixture(scope="session")
def staged_outcomes(cargo: str) -> Outcomes:
    """What the module said that has a server of its own; its tests run one at a time."""
    with Stage() as stage:
        return run(cargo, stage.environment, f"{STAGED}::", "--", "--test-threads", "1")


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


@pytest.mark.parametrize("file", [each.stem for each in SOURCES if each.stem != STAGED])
def test_the_client_for_rust(outcomes: Outcomes, file: str) -> None:
    programs.judge(outcomes, file)


def test_the_client_for_rust_on_topics(staged_outcomes: Outcomes) -> None:
    programs.judge(staged_outcomes, STAGED)


def test_every_method_that_the_client_has_is_called() -> None:
    called = {name for names in programs.methods(FOLDER).values() for name in names}

    assert {name for name in called if not programs.callers(SOURCES, name)} == set()
