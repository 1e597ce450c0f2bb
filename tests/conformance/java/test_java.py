"""Momento's own client for Java, judged by JUnit: one test a class and way in.

Over TLS it dials port 443 alone, and its leaderboards know no other way; so a tunnel leads that
port to the server, and the authority goes where Java looks for it. `mvn test -Dtest=MethodsTest`
in this folder fetches the client and all that tests need; `make conformance` does it.
"""

import shutil
import subprocess
from collections import defaultdict
from pathlib import Path
from xml.etree import ElementTree

import pytest

from conformance import programs
from conformance.programs import LIMIT_SECONDS, WAYS, Outcome, Outcomes
from conformance.proxies.proxies import all_running, need_all
from conformance.stage import Stage
from conformance.tunnel import Tunnel
from harness import Server, as_v1

FOLDER = Path(__file__).parent
SOURCES = sorted(FOLDER.glob("src/test/java/attimo/*Test.java"))
STAGED, PROXIED = "TopicTest", "ProxyTest"
"""The classes whose server is restarted, and is their own: in front of the second are proxies."""

TOOLS = ("javac", "keytool", "mvn")
TRUST_STORE = "javax.net.ssl.trustStore"
PASSWORD = "changeit"  # noqa: S105  (of a store that holds no secret)


@pytest.fixture(scope="session")
def maven() -> str:
    """Maven, with the client fetched; without them nothing here can be judged."""
    for tool in TOOLS:
        if shutil.which(tool) is None:
            pytest.skip(f"NOT JUDGED: Momento's Java client needs `{tool}`, which is not installed")
    if not (FOLDER / "target" / "test-classes").is_dir():
        fetch = f"run `mvn test -Dtest=MethodsTest` in {FOLDER}"
        pytest.skip(f"NOT JUDGED: Momento's Java client is missing; {fetch}")
    return str(shutil.which("mvn"))


@pytest.fixture(scope="session", params=[*WAYS, "tls"])
def outcomes(
    request: pytest.FixtureRequest, maven: str, tmp_path_factory: pytest.TempPathFactory
) -> Outcomes:
    """What every class said, by its name, in one run."""
    way = str(request.param)
    server = programs.server_for(way, request)
    with Tunnel(lambda: server.https_address) as tunnel:
        options = java_options(tunnel, tmp_path_factory.mktemp("java"), server.ca)
        environment = programs.environment(server, way)
        return run(maven, f"!{STAGED},!{PROXIED}", options, environment, server)


@pytest.fixture(scope="session")
def staged_outcomes(maven: str, tmp_path_factory: pytest.TempPathFactory) -> Outcomes:
    """What the classes said that have a server of their own."""
    room = tmp_path_factory.mktemp("proxies")
    with Stage() as stage, all_running(stage.road.port, room) as proxies:
        stage.tunnel.apart |= {f"{each.name}.localhost": each.port for each in proxies}
        roots = (stage.server.ca, *{each.root for each in proxies})
        options = java_options(stage.tunnel, tmp_path_factory.mktemp("java"), *roots)
        told = {"ATTIMO_PROXIES": " ".join(stage.tunnel.apart)}
        classes = f"{STAGED},{PROXIED}" if proxies else STAGED
        return run(maven, classes, options, stage.environment | told, stage.server)


def run(
    maven: str,
    classes: str,
    options: dict[str, object],
    environment: dict[str, str],
    server: Server,
) -> Outcomes:
    """What some classes say."""
    reports = Path(str(options[TRUST_STORE])).parent
    told = " ".join(f"-D{name}={value}" for name, value in options.items())
    done = subprocess.run(
        [
            *(maven, "--offline", "--batch-mode", "--quiet", "-Dstyle.color=never", "test"),
            *(f"-Dtest={classes}", f"-Dreports={reports}", f"-DargLine={told}"),
        ],
        cwd=FOLDER,
        env=environment | {"ATTIMO_V1_TOKEN": as_v1(server.api_key, "localhost")},
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
    )
    read = read_reports(reports)
    assert read, done.stdout[-20_000:] + done.stderr[-2_000:]
    programs.write_results(FOLDER, SOURCES, read)
    return read


def java_options(tunnel: Tunnel, room: Path, *roots: Path) -> dict[str, object]:
    """What Java is told of the tunnel, and of the authorities it must trust."""
    store = room / "authorities.p12"
    for number, root in enumerate(roots):
        subprocess.run(
            [
                *(
                    "keytool",
                    "-importcert",
                    "-noprompt",
                    "-alias",
                    f"a{number}",
                    "-file",
                    str(root),
                ),
                *("-file", str(root)),
                *("-keystore", str(store), "-storetype", "PKCS12", "-storepass", PASSWORD),
            ],
            capture_output=True,
            check=True,
        )
    return {
        "https.proxyHost": "127.0.0.1",
        "https.proxyPort": tunnel.port,
        "http.nonProxyHosts": "127.0.0.1",
        TRUST_STORE: store,
        "javax.net.ssl.trustStorePassword": PASSWORD,
    }


def read_reports(folder: Path) -> Outcomes:
    """Take JUnit's reports apart: the tests of each class."""
    read: dict[str, list[Outcome]] = defaultdict(list)
    for path in sorted(folder.glob("TEST-*.xml")):
        for case in ElementTree.parse(path).getroot().iter("testcase"):  # noqa: S314  (our own)
            problems = [*case.findall("failure"), *case.findall("error")]
            said = "\n".join(each.text or "without a word" for each in problems)
            name = case.get("classname", "").split(".")[-1]
            read[name].append(Outcome(case.get("name", ""), said if problems else None))
    return read


@pytest.mark.parametrize(
    "file", [each.stem for each in SOURCES if each.stem not in (STAGED, PROXIED)]
)
def test_the_client_for_java(outcomes: Outcomes, file: str) -> None:
    programs.judge(outcomes, file)


def test_the_client_for_java_on_topics(staged_outcomes: Outcomes) -> None:
    programs.judge(staged_outcomes, STAGED)


def test_the_client_for_java_on_topics_behind_proxies(staged_outcomes: Outcomes) -> None:
    need_all()
    programs.judge(staged_outcomes, PROXIED)


def test_every_method_that_the_client_has_is_called() -> None:
    called = {name for names in programs.methods(FOLDER).values() for name in names}

    assert {name for name in called if not programs.callers(SOURCES, name)} == set()
