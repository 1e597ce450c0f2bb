"""A shared cache between a page and the server, as Debian has it: Varnish with its own rules."""

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import threading
from collections.abc import Iterator

import httpx
import pytest

from harness import STOP_LIMIT_SECONDS, Server

PATH = os.environ.get("PATH", "") + ":/usr/sbin"
PROGRAM = shutil.which("varnishd", path=PATH)
NAMED = "https://app.example"
ITEM = "/cache/default-cache"

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="make conformance installs varnish")


@pytest.fixture(scope="module")
def origin() -> Iterator[Server]:
    """A server for the pages of one origin."""
    with Server("--allowed-origins", NAMED) as server:
        yield server


@pytest.fixture(scope="module")
def cache(origin: Server) -> Iterator[httpx.Client]:
    """A client that reaches the server through a cache only."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    host, at = origin.http_address
    with tempfile.TemporaryDirectory(prefix="varnish-") as room:
        words = [str(PROGRAM), "-F", "-j", "none", "-n", room, "-s", "default,16M"]
        words += ["-a", f"127.0.0.1:{port}", "-b", f"{host}:{at}"]
        process = subprocess.Popen(
            words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env={"PATH": PATH}
        )
        try:
            _wait_until_it_serves(process)
            with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
                yield client
        finally:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(STOP_LIMIT_SECONDS)
            process.kill()
            process.communicate()


def _wait_until_it_serves(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        said.append(line)
        if "said Child starts" in line:
            threading.Thread(target=process.stdout.read, daemon=True).start()
            return
    raise RuntimeError("varnishd did not start. It said:\n" + "".join(said))


def from_cache(answer: httpx.Response) -> bool:
    """Whether the cache had it: then it names the request that brought it, too."""
    return len(answer.headers["x-varnish"].split()) == 2


def test_the_cache_keeps_what_it_may(cache: httpx.Client) -> None:
    """Or the tests below would say nothing."""
    style = "/docs/swagger-ui.css"

    assert cache.get(style).status_code == 200
    assert from_cache(cache.get(style))


def test_values_that_were_overwritten_or_deleted_and_misses_are_not_kept(
    cache: httpx.Client, origin: Server
) -> None:
    given = {"key": "shared", "token": origin.api_key}
    with httpx.Client(base_url=origin.http) as direct:
        write = given | {"ttl_seconds": "60"}
        missing = cache.get(ITEM, params=given)
        direct.put(ITEM, params=write, content=b"first")
        first = cache.get(ITEM, params=given)
        direct.put(ITEM, params=write, content=b"second")
        second = cache.get(ITEM, params=given)
        direct.delete(ITEM, params=given)
        deleted = cache.get(ITEM, params=given)

    assert (missing.status_code, deleted.status_code) == (404, 404)
    assert (first.content, second.content) == (b"first", b"second")
    assert not any(map(from_cache, (missing, first, second, deleted)))


def test_what_is_no_longer_permitted_is_not_served(cache: httpx.Client, origin: Server) -> None:
    owner = {"authorization": origin.api_key}
    with httpx.Client(base_url=origin.http, headers=owner) as direct:
        made = direct.post("/api-keys", json={"description": "for a cache"}).json()
        given = {"key": "revoked", "token": made["api_key"]}
        direct.put(ITEM, params={"key": "revoked", "ttl_seconds": 60}, content=b"value")
        before = cache.get(ITEM, params=given)
        direct.delete(f"/api-keys/{made['key_info']['key_id']}")

        assert (before.content, cache.get(ITEM, params=given).status_code) == (b"value", 401)


def test_an_answer_to_nobodys_page_is_not_given_to_a_page(
    cache: httpx.Client, origin: Server
) -> None:
    style = "/docs/swagger-ui-bundle.js"
    given = {"authorization": f"Bearer {origin.api_key}"}
    assert cache.get(style).status_code == 200

    page = cache.get(style, headers={"origin": NAMED} | given)
    other = cache.get(style, headers={"origin": "https://page.example"} | given)
    keyed = cache.get(f"{style}?token={origin.api_key}", headers={"origin": NAMED})
    again = cache.get(f"{style}?token={origin.api_key}", headers={"origin": NAMED})
    stranger = cache.get(f"{style}?token={origin.api_key}", headers={"origin": "https://b.example"})

    assert page.headers["access-control-allow-origin"] == NAMED
    assert other.status_code == stranger.status_code == 403
    assert keyed.headers["access-control-allow-origin"] == NAMED
    # Each origin has an answer of its own, also where the cache may keep it.
    assert again.headers["access-control-allow-origin"] == NAMED
