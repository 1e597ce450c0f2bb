"""Momento's own client for Node.js, judged by Node's own test runner: one test a file and way in.

`npm ci` in this folder installs the client; `make setup` or `make conformance` does it.
"""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.people import Person
from conformance.stage import Stage
from harness import Server, as_v1, bare_environment
from ports import free_port

FOLDER = Path(__file__).parent
ONCE = {"credentials.test.mjs": "tls-v2", "limits.test.mjs": "plaintext-v2"}
"""What is done once, and the way in; the rest is done by all."""
STAGED = "topic_outages.test.mjs"
"""The tests whose server is restarted, and is their own."""
BLOCKED = "local_outages.test.mjs"
"""The same with a second port, like momento-local's."""
APART = {*ONCE, STAGED, BLOCKED}
FILES = sorted(path.name for path in FOLDER.glob("*.test.mjs") if path.name not in APART)
WAYS = ["plaintext-v1", "plaintext-v2", "tls-v1", "tls-v2"]
BY_SESSION = ["auth.test.mjs", "control.test.mjs", "scalar.test.mjs"]
"""What is also done by who has signed in: the keys and tokens, the caches, the data."""
LIMIT_SECONDS = 120


@pytest.fixture(scope="session")
def node() -> str:
    """Node, with the client installed; without them nothing here can be judged."""
    found = shutil.which("node")
    if found is None:
        pytest.skip("NOT JUDGED: Momento's JavaScript client needs `node`, which is not installed")
    if not (FOLDER / "node_modules" / "@gomomento" / "sdk").is_dir():
        pytest.skip(f"NOT JUDGED: Momento's JavaScript client is missing; run `npm ci` in {FOLDER}")
    return found


def run(
    node: str,
    file: str,
    way: str,
    server: Server,
    token: str | None = None,
    **more: str,
) -> None:
    """Run one file of tests against a server, and show what it said if it fails."""
    done = subprocess.run(
        [node, "--import", "./localhost.mjs", "--test", "--test-reporter", "spec", file],
        cwd=FOLDER,
        env=environment(server, way, token or server.api_key) | more,
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
    )
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2_000:]


def environment(server: Server, way: str, token: str) -> dict[str, str]:
    """What the JavaScript side is told of the server."""
    host, port = server.http_address
    said = {
        "ATTIMO_WAY": way,
        "ATTIMO_HTTP": f"{host}:{port}",
        "ATTIMO_HTTPS": server.endpoint,
        "ATTIMO_V1_TOKEN": as_v1(token, server.endpoint),
        "MOMENTO_API_KEY": token,
        "MOMENTO_ENDPOINT": server.endpoint,
        "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH": str(server.ca),
    }
    return bare_environment() | said


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("file", FILES)
def test_the_client_for_node(node: str, server: Server, file: str, way: str) -> None:
    run(node, file, way, server)


@pytest.mark.parametrize("way", ["plaintext-v1", "tls-v2"])
def test_topics_on_a_server_that_is_cut_off_and_restarted(node: str, way: str) -> None:
    with Stage() as stage:
        more = stage.addresses | {"MOMENTO_ENDPOINT": stage.endpoint}
        run(node, STAGED, way, stage.server, **more)


@pytest.fixture(scope="module")
def signed_in() -> Iterator[Person]:
    """Somebody who has signed in and is the owner of an account."""
    with Server("--signup", "open") as server:
        yield Person(server, "ann@example.com").sign_up()


@pytest.mark.parametrize("way", ["plaintext-v1", "plaintext-v2", "tls-v1"])
@pytest.mark.parametrize("file", BY_SESSION)
def test_the_client_for_node_by_the_token_of_a_session(
    node: str, signed_in: Person, file: str, way: str
) -> None:
    run(node, file, way, signed_in.server, signed_in.token)


@pytest.mark.parametrize("file", ONCE)
def test_what_is_the_same_by_every_way(node: str, server: Server, file: str) -> None:
    run(node, file, ONCE[file], server)


@pytest.mark.parametrize("file", FILES)
def test_its_own_switch_for_a_local_server(node: str, local_server: Server, file: str) -> None:
    run(node, file, "local", local_server)


def test_outages_that_it_asks_a_local_server_for(node: str) -> None:
    admin = f"127.0.0.1:{free_port()}"
    with Server("--local", "--local-admin", admin) as server:
        run(node, BLOCKED, "local", server, ATTIMO_LOCAL_ADMIN=admin)
