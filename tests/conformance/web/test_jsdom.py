"""Momento's own client for browsers in jsdom, whose requests obey CORS as those of a page do.

It has the methods of the client for Node.js, so it is judged by the same tests: `page.mjs` gives
them the one for the other. `npm ci` in this folder installs it; `make conformance` does that.
"""

import subprocess
from pathlib import Path

import pytest

from conformance.javascript.test_javascript import FILES, LIMIT_SECONDS, STAGED, environment
from conformance.stage import Stage
from harness import Server

FOLDER = Path(__file__).parent
OF_NODE = {"routes.test.mjs", "ping.test.mjs"}
"""These are about the transport of Node.js."""
BOTH = [f"../javascript/{file}" for file in FILES if file not in OF_NODE]
OWN = sorted(path.name for path in FOLDER.glob("*.test.mjs"))


def run(node: str, file: str, way: str, server: Server, **more: str) -> None:
    """Run one file of tests against a server, and show what it said if it fails."""
    host, port = server.http_address
    own = {
        "NODE_EXTRA_CA_CERTS": str(server.ca),
        "ATTIMO_HTTP": f"http://{host}:{port}",
        "ATTIMO_CLIENT": "web",
    }
    done = subprocess.run(
        [node, "--import", "./page.mjs", "--test", file],
        cwd=FOLDER,
        env=environment(server, way, server.api_key) | own | more,
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


def test_topics_on_a_server_that_is_cut_off_and_restarted(node: str) -> None:
    with Stage() as stage:
        more = stage.addresses | {"ATTIMO_HTTP": stage.road.url}
        run(node, f"../javascript/{STAGED}", "plaintext-v1", stage.server, **more)
