"""Momento's own clients through real proxies: for Node.js by gRPC, and for browsers by grpc-web.

What is cut off here is the way from the proxy to the server.
"""

import shutil
from collections.abc import Iterator

import pytest

from certificates import Authority
from conformance.javascript import test_javascript
from conformance.proxies.proxies import LANGUAGES, Proxy, program, running
from conformance.stage import Stage
from conformance.web import test_jsdom

PARTS = ("", "cache.", "control.", "token.")
NAMES = [f"{web}{part}localhost" for web in ("", "web.") for part in PARTS]
FOLDERS = {"node": test_javascript.FOLDER, "web": test_jsdom.FOLDER}
FILES = ["topics.test.mjs", test_javascript.STAGED]


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with Stage() as stage:
        yield stage


@pytest.fixture(scope="module", params=LANGUAGES)
def proxy(
    request: pytest.FixtureRequest, stage: Stage, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Proxy]:
    """One of them, in front of the stage."""
    if program(request.param) is None:
        pytest.skip(f"NOT JUDGED: {request.param}; `make conformance` installs it")
    room = tmp_path_factory.mktemp("proxy")
    authority = Authority(room)
    authority.issue(*NAMES)
    with running(request.param, stage.road.port, authority, room / "room") as proxy:
        yield proxy


@pytest.fixture(params=FOLDERS)
def client(request: pytest.FixtureRequest) -> str:
    """Which client."""
    folder = FOLDERS[request.param]
    if shutil.which("node") is None or not (folder / "node_modules").is_dir():
        pytest.skip(f"NOT JUDGED: Momento's client: run `npm ci` in {folder}")
    return str(request.param)


@pytest.mark.parametrize("file", FILES)
def test_topics(stage: Stage, proxy: Proxy, client: str, file: str) -> None:
    node = str(shutil.which("node"))
    more = stage.addresses | {
        "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH": str(proxy.root),
        "MOMENTO_ENDPOINT": f"localhost:{proxy.port}",
        "NODE_EXTRA_CA_CERTS": str(proxy.root),
    }
    if client == "node":
        test_javascript.run(node, file, "tls-v2", stage.server, **more)
    else:
        test_jsdom.run(node, f"../javascript/{file}", "tls-v2", stage.server, **more)
