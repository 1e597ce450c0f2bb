"""Topics by Momento's own client for browsers in a real one: the tests of the client for Node.js.

They are bundled with `page_test.mjs` in place of Node's own runner, and come by TLS, so that a
hundred subscriptions share a connection of HTTP/2: over HTTP/1.1, a browser opens six.
"""

import subprocess
from typing import Any

import pytest
from playwright.sync_api import Browser

from conformance.javascript.test_javascript import LIMIT_SECONDS, STAGED, environment
from conformance.stage import Stage
from conformance.web.conftest import FOLDER, trusting
from conformance.web.site import site
from harness import Server

ALIASES = {
    "@gomomento/sdk": "./sdk.mjs",
    "node:test": "./page_test.mjs",
    "node:assert/strict": "./page_test.mjs",
}
BEGIN = "env => { globalThis.process = { env, pid: 'chromium' }; }"
RUN = "() => { tests.run().then(found => { window.found = found; }); }"


def bundle(file: str) -> str:
    """A file of tests as a script for a page."""
    entry = f"import '../javascript/{file}'; export {{ run }} from './page_test.mjs';"
    options = ["--bundle", "--platform=browser", "--format=iife", "--global-name=tests"]
    aliases = [f"--alias:{name}={path}" for name, path in ALIASES.items()]
    done = subprocess.run(
        ["node_modules/.bin/esbuild", *options, *aliases, "--log-level=error"],
        cwd=FOLDER,
        input=entry,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def run(browser: Browser, file: str, server: Server, **more: str) -> None:
    """Run a file of tests in a page of somebody else, and show what they said if some fail."""
    own = environment(server, "tls-v2", server.api_key) | {"ATTIMO_CLIENT": "web"}
    with site({"page.html": b"<!doctype html>"}) as port, browser.new_context() as context:
        page = context.new_page()
        page.goto(f"http://page.localhost:{port}/page.html")
        page.evaluate(BEGIN, own | more)
        page.add_script_tag(content=bundle(file))
        page.evaluate(RUN)
        page.wait_for_function("() => window.found", timeout=LIMIT_SECONDS * 1_000)
        found: dict[str, Any] = page.evaluate("() => window.found")
    assert found["ran"]
    assert found["failures"] == {}


@pytest.mark.usefixtures("node")
def test_topics(server: Server) -> None:
    with trusting(server) as browser:
        run(browser, "topics.test.mjs", server)


@pytest.mark.usefixtures("node")
def test_topics_on_a_server_that_is_cut_off_and_restarted() -> None:
    with Stage() as stage, trusting(stage.server) as browser:
        more = stage.addresses | {"MOMENTO_ENDPOINT": stage.endpoint}
        run(browser, STAGED, stage.server, **more)
