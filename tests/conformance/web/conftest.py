"""Node.js with the client for browsers, a bundle of it, and a browser that trusts the server."""

import itertools
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from browser import chromium_that_trusts
from conformance.web.site import site
from harness import Server

FOLDER = Path(__file__).parent
BUNDLE = ["--bundle", "--platform=browser", "--format=iife", "--global-name=momento"]

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def node() -> str:
    """Node, with the client installed; without them nothing here can be judged."""
    found = shutil.which("node")
    if found is None:
        pytest.skip("NOT JUDGED: Momento's client for browsers needs `node`")
    if not (FOLDER / "node_modules" / "@gomomento" / "sdk-web").is_dir():
        pytest.skip(f"NOT JUDGED: Momento's client for browsers: run `npm ci` in {FOLDER}")
    return found


@pytest.fixture(scope="session")
def site_port(node: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a site that uses the client, as a bundler makes it fit for browsers."""
    bundle = tmp_path_factory.mktemp("site") / "sdk.js"
    esbuild = ["node_modules/.bin/esbuild", "./node_modules/@gomomento/sdk-web"]
    options = [*BUNDLE, f"--outfile={bundle}", "--log-level=error"]
    subprocess.run([*esbuild, *options], cwd=FOLDER, check=True)
    own = {name: (FOLDER / name).read_bytes() for name in ("page.html", "page.js")}
    with site(own | {"sdk.js": bundle.read_bytes()}) as port:
        yield port


@contextmanager
def trusting(server: Server) -> Iterator[Browser]:
    """Chromium, which takes the certificate of the server by its key, and no other."""
    with chromium_that_trusts(server.https_address) as browser:
        yield browser


@pytest.fixture(scope="module")
def browser(server: Server) -> Iterator[Browser]:
    """Chromium, which trusts the server that all tests share."""
    with trusting(server) as browser:
        yield browser


@pytest.fixture
def page(browser: Browser, site_port: int) -> Iterator[Page]:
    """The page of somebody else, in a browser that remembers nothing."""
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(f"http://page.localhost:{site_port}/page.html")
        yield page


@pytest.fixture
def new_cache() -> str:
    """A name that no cache has."""
    return f"web-{next(_numbers)}"
