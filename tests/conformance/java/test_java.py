"""Momento's own client for Java, judged by JUnit: one test a class and way in.

`mvn test-compile` in this folder fetches the client; `make conformance` does it.
"""

import shutil
import subprocess
from collections import defaultdict
from pathlib import Path
from xml.etree import ElementTree

import pytest

from conformance import programs
from conformance.programs import LIMIT_SECONDS, WAYS, Outcome, Outcomes

FOLDER = Path(__file__).parent
SOURCES = sorted(FOLDER.glob("src/test/java/attimo/*Test.java"))
TOOLS = ("javac", "mvn")


@pytest.fixture(scope="session")
def maven() -> str:
    """Maven, with the client fetched; without them nothing here can be judged."""
    for tool in TOOLS:
        if shutil.which(tool) is None:
            pytest.skip(
                f"NOT JUDGED: Momento's Java client needs `{tool}`, which is not installed"
            )
    if not (FOLDER / "target" / "test-classes").is_dir():
        pytest.skip(
            f"NOT JUDGED: Momento's Java client is missing; run `mvn test-compile` in {FOLDER}"
        )
    return str(shutil.which("mvn"))


@pytest.fixture(scope="session", params=WAYS)
def outcomes(
    request: pytest.FixtureRequest, maven: str, tmp_path_factory: pytest.TempPathFactory
) -> Outcomes:
    """What every class said, by its name, in one run."""
    way = str(request.param)
    server = programs.server_for(way, request)
    reports = tmp_path_factory.mktemp("java")
    done = subprocess.run(
        [maven, "--offline", "--batch-mode", "--quiet", "-Dstyle.color=never", f"-Dreports={reports}", "test"],
        cwd=FOLDER,
        env=programs.environment(server, way),
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
    )
    read = read_reports(reports)
    assert read, done.stdout[-20_000:] + done.stderr[-2_000:]
    programs.write_results(FOLDER, SOURCES, read)
    return read


def read_reports(folder: Path) -> Outcomes:
    """Take JUnit's reports apart: the tests of each class."""
    read: dict[str, list[Outcome]] = defaultdict(list)
    for path in sorted(folder.glob("TEST-*.xml")):
        for case in ElementTree.parse(path).getroot().iter("testcase"):
            problems = [*case.findall("failure"), *case.findall("error")]
            said = "\n".join(each.text or each.get("message", "") for each in problems)
            name = case.get("classname", "").split(".")[-1]
            read[name].append(Outcome(case.get("name", ""), said if problems else None))
    return read


@pytest.mark.parametrize("file", [source.stem for source in SOURCES])
def test_the_client_for_java(outcomes: Outcomes, file: str) -> None:
    programs.judge(outcomes, file)


def test_every_method_that_the_client_has_is_called() -> None:
    called = {name for names in programs.methods(FOLDER).values() for name in names}

    assert {name for name in called if not programs.callers(SOURCES, name)} == set()
