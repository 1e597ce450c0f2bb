"""Momento's own client for Node.js, judged by Node's own test runner: one test a file and way in.

`npm ci` in this folder installs the client; `make setup` or `make conformance` does it.
"""

import shutil
import subprocess
from pathlib import Path

import pytest

from harness import Server, bare_environment

FOLDER = Path(__file__).parent
FILES = sorted(path.name for path in FOLDER.glob("*.test.mjs"))
ONCE = "credentials.test.mjs"
WAYS = ["plaintext-v1", "plaintext-v2", "tls-v1", "tls-v2"]
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


def run(node: str, file: str, way: str, server: Server) -> None:
    """Run one file of tests against a server, and show what it said if it fails."""
    done = subprocess.run(
        [node, "--import", "./localhost.mjs", "--test", "--test-reporter", "spec", file],
        cwd=FOLDER,
        env=environment(server, way),
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
    )
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2_000:]


def environment(server: Server, way: str) -> dict[str, str]:
    """What the JavaScript side is told of the server."""
    host, port = server.http_address
    said = {
        "ATTIMO_WAY": way,
        "ATTIMO_HTTP": f"{host}:{port}",
        "ATTIMO_HTTPS": server.endpoint,
        "ATTIMO_V1_TOKEN": server.v1_token,
        "MOMENTO_API_KEY": server.api_key,
        "MOMENTO_ENDPOINT": server.endpoint,
        "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH": str(server.ca),
    }
    return bare_environment() | said


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("file", [file for file in FILES if file != ONCE])
def test_the_client_for_node(node: str, server: Server, file: str, way: str) -> None:
    run(node, file, way, server)


def test_every_way_in_which_it_takes_a_key(node: str, server: Server) -> None:
    run(node, ONCE, "tls-v2", server)


@pytest.mark.parametrize("file", [file for file in FILES if file != ONCE])
def test_its_own_switch_for_a_local_server(node: str, local_server: Server, file: str) -> None:
    run(node, file, "local", local_server)
