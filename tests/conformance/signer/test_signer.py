"""Momento's own signer of URLs (`momento-signer` of PyPI) and a key of `CreateSigningKey`.

`pip install --no-deps --target packages --requirement requirements.txt` in this folder installs it;
`make conformance` does it.
"""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from conformance.http.signing import Signer, new_signer, revoke
from conformance.wire import Wire
from harness import Server, bare_environment

FOLDER = Path(__file__).parent
PACKAGES = FOLDER / "packages"
KEYS = ["k", "live/playlist.m3u8", "a folder/é?&#%.ts", "list", "1+1"]


def signed(signer: Signer, hostname: str, *requests: dict[str, Any]) -> list[str]:
    """The URLs that the package makes."""
    if not (PACKAGES / "momento_signer").is_dir():
        pytest.skip(f"NOT JUDGED: momento-signer is missing; install it into {PACKAGES}")
    asked = {"jwk": json.dumps(signer.jwk), "hostname": hostname, "requests": requests}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", FOLDER / "sign.py"],
        input=json.dumps(asked),
        env=bare_environment() | {"PYTHONPATH": str(PACKAGES)},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    urls: list[str] = json.loads(done.stdout)
    return urls


def request(operation: str, cache: str, key: str, seconds: int = 60) -> dict[str, Any]:
    """What the package is asked to sign."""
    ttl = 60 if operation == "SET" else None
    exp = int(time.time()) + seconds
    return {"operation": operation, "cache": cache, "key": key, "exp": exp, "ttl": ttl}


def ask(server: Server, method: str, url: str, body: bytes = b"") -> httpx.Response:
    """Ask the server for what a URL of its public name says."""
    split = urlsplit(url)
    assert split.netloc == f"api.cache.{server.endpoint}"
    return httpx.request(method, f"{server.http}{split.path}?{split.query}", content=body or None)


@pytest.mark.parametrize("key", KEYS)
def test_the_urls_that_it_signs_set_and_get(
    server: Server, owner: Wire, cache: str, key: str
) -> None:
    signer = new_signer(owner)
    set_url, get_url, ended = signed(
        signer,
        f"cache.{server.endpoint}",
        request("SET", cache, key),
        request("GET", cache, key),
        request("GET", cache, key, seconds=-1),
    )

    assert ask(server, "PUT", set_url, b"value").status_code == 204
    found = ask(server, "GET", get_url)
    assert (found.status_code, found.content) == (200, b"value")
    assert ask(server, "POST", set_url, b"again").status_code == 204
    for method, url, status in (
        ("PUT", get_url + "&ttl_seconds=60", 403),
        ("GET", set_url, 403),
        ("DELETE", set_url, 403),
        ("PUT", set_url.replace("ttl_seconds=60", "ttl_seconds=600"), 403),
        ("GET", get_url.replace(f"/cache/{cache}/", f"/cache/{cache}/x"), 403),
        ("GET", ended, 401),
    ):
        assert ask(server, method, url, b"x" if method == "PUT" else b"").status_code == status, url
    assert ask(server, "GET", get_url).content == b"again"

    revoke(owner, signer.kid)
    assert ask(server, "GET", get_url).status_code == 401
