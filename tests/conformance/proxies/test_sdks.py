"""Momento's own clients through real proxies: for Node.js by gRPC, and for browsers by grpc-web.

What is cut off here is the way from the proxy to the server. Each run has a server and a proxy of
its own, and since they mostly wait, some go side by side.
"""

import shutil
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from certificates import Authority
from conformance.javascript import test_javascript
from conformance.proxies.proxies import LANGUAGES, NAMES, need_all, running
from conformance.stage import Stage
from conformance.web import test_jsdom

FOLDERS = {"web": test_jsdom.FOLDER, "node": test_javascript.FOLDER}
FILES = [test_javascript.STAGED, "topics.test.mjs"]
RUNS = [(name, client, file) for client in FOLDERS for file in FILES for name in LANGUAGES]
AT_ONCE = 4


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[tuple[str, ...], Future[None]]]:
    """All of them, begun."""
    need_all()
    for folder in FOLDERS.values():
        if shutil.which("node") is None or not (folder / "node_modules").is_dir():
            pytest.skip(f"NOT JUDGED: Momento's client: run `npm ci` in {folder}")
    with ThreadPoolExecutor(AT_ONCE) as pool:
        rooms = [tmp_path_factory.mktemp("run") for _ in RUNS]
        yield {each: pool.submit(_run, *each, room) for each, room in zip(RUNS, rooms, strict=True)}
        pool.shutdown(cancel_futures=True)


@pytest.mark.parametrize(("name", "client", "file"), RUNS)
def test_topics(
    runs: dict[tuple[str, ...], Future[None]], name: str, client: str, file: str
) -> None:
    runs[name, client, file].result()


def _run(name: str, client: str, file: str, room: Path) -> None:
    """Run one file of tests by one client through one proxy."""
    authority = Authority(room)
    authority.issue(*NAMES)
    node = str(shutil.which("node"))
    with Stage() as stage, running(name, stage.road.port, authority, room / "room") as proxy:
        more = stage.addresses | {
            "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH": str(proxy.root),
            "MOMENTO_ENDPOINT": f"localhost:{proxy.port}",
            "NODE_EXTRA_CA_CERTS": str(proxy.root),
        }
        if client == "node":
            test_javascript.run(node, file, "tls-v2", stage.server, **more)
        else:
            test_jsdom.run(node, f"../javascript/{file}", "tls-v2", stage.server, **more)
