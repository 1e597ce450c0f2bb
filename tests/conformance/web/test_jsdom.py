"""Momento's own client for browsers in jsdom, whose requests obey CORS as those of a page do.

It has the methods of the client for Node.js, so it is judged by the same tests: `page.mjs` gives
them the one for the other. `npm ci` in this folder installs it; `make conformance` does that.
"""

import subprocess
from pathlib import Path

import pytest

from conformance.javascript.test_javascript import FILES, LIMIT_SECONDS, environment
from harness import Server

FOLDER = Path(__file__).parent
OF_NODE = {"routes.test.mjs", "ping.test.mjs"}
"""These are about the transport of Node.js."""
BOTH = [f"../javascript/{file}" for file in FILES if file not in OF_NODE]
OWN = sorted(path.name for path in FOLDER.glob("*.test.mjs"))


def run(node: str, file: str, way: str, server: Server) -> None:
    """Run one file of tests against a server, and show what it said if it fails."""
    host, port = server.http_address
    more = {
        "NODE_EXTRA_CA_CERTS": str(server.ca),
        "ATTIMO_HTTP": f"http://{host}:{port}",
        "ATTIMO_CLIENT": "web",
    }
    done = subprocess.run(
        [node, "--import", "./page.mjs", "--test", file],
        cwd=FOLDER,
        env=environment(server, way, server.api_key) | more,
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
    )
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2_000:]


@pytest.mark.parametrize("file", [*BOTH, *OWN])
def test_the_client_for_browsers(node: str, server: Server, file: str) -> None:
    run(node, file, "plaintext-v1", server)


def test_the_names_of_its_hosts(node: str, server: Server) -> None:
    """By TLS; these tests call all three."""
    run(node, "../javascript/auth.test.mjs", "tls-v2", server)
