"""The pages of docs/how-to/topics.md in a real browser, whose server restarts meanwhile."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from conformance.web.site import site
from harness import Server
from ports import free_port
from road import Road

GUIDE = Path(__file__).parents[3] / "docs" / "how-to" / "topics.md"
PATIENCE_MS = 20_000
RULE = {"type": "topic", "permissions": ["read", "write"], "caches": "*", "topics": "*"}


@pytest.fixture
def away() -> Iterator[tuple[Server, httpx.Client]]:
    """A server that comes back to its port, and its owner."""
    with (
        Server(ports=("--http", f"127.0.0.1:{free_port()}")) as server,
        httpx.Client(base_url=server.http, headers={"authorization": server.api_key}) as web,
    ):
        yield server, web


@contextmanager
def opened(browser: Browser, web: httpx.Client, which: str, url: str = "") -> Iterator[Page]:
    """The page of the guide that uses this, with the address of the server and a token.

    Args:
        url: Another way to the server.
    """
    asked = {"permissions": {"rules": [RULE]}, "valid_for_seconds": 600, "token_id": "ann"}
    token = web.post("/tokens", json=asked).raise_for_status().json()["token"]
    pages = re.findall(r"```html\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    (html,) = [page for page in pages if which in page]
    address = (url or str(web.base_url)).rstrip("/")
    html = html.replace("//localhost:8080", "//" + address.partition("//")[2])
    html = html.replace("TOKEN", token)
    with site({"page.html": html.encode()}) as port, browser.new_context() as context:
        page = context.new_page()
        page.goto(f"http://page.localhost:{port}/page.html")
        yield page


@contextmanager
def answering(port: int) -> Iterator[threading.Event]:
    """A proxy whose server is away, on the server's port; tells that a browser has asked it."""
    asked = threading.Event()

    class Proxy(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(502)
            self.send_header("content-length", "0")
            self.end_headers()
            asked.set()

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", port), Proxy) as proxy:
        threading.Thread(target=proxy.serve_forever, daemon=True).start()
        try:
            yield asked
        finally:
            proxy.shutdown()


def publish(web: httpx.Client, topic: str, text: str) -> None:
    web.post(f"/topics/default-cache/{topic}", content=text).raise_for_status()


def shows(page: Page, *lines: str) -> None:
    """Wait until the page has these lines, each once."""
    for line in lines:
        expect(page.get_by_text(line, exact=True)).to_have_count(1, timeout=PATIENCE_MS)


def test_event_source_comes_back_after_a_restart_behind_a_proxy_and_misses_nothing(
    browser: Browser, away: tuple[Server, httpx.Client]
) -> None:
    server, web = away
    publish(web, "news", "a")
    with opened(browser, web, "EventSource") as page:
        shows(page, "news: a")
        publish(web, "sport", "b")
        shows(page, "sport: b")
        server.stop()
        with answering(web.base_url.port or 0) as asked:
            assert asked.wait(PATIENCE_MS / 1_000), "the browser comes back"
            shows(page, "the server is away (no answer)")
        server.start()
        for text in "cde":
            publish(web, "news", text)
        shows(page, "news: c", "news: d", "news: e", "news has a gap", "news: a")
        web.delete("/caches/default-cache").raise_for_status()
        shows(page, "the server refuses with status 404")


@pytest.mark.parametrize(
    ("which", "speaker", "gap"),
    [
        ("EventSource", "news", "news has a gap"),
        ("new WebSocket", "somebody", "some messages are gone"),
    ],
)
def test_a_page_resumes_after_a_cut_and_after_a_restart(
    browser: Browser, away: tuple[Server, httpx.Client], which: str, speaker: str, gap: str
) -> None:
    """Nothing is missed; and a topic that has begun again says so."""
    server, web = away
    with (
        Road(lambda: server.http_address) as road,
        opened(browser, web, which, road.url) as page,
    ):
        for text in "abc":
            publish(web, "news", text)
            shows(page, f"{speaker}: {text}")
            road.cut()
        for text in "de":
            publish(web, "news", text)
        shows(page, *(f"{speaker}: {text}" for text in "abcde"))
        expect(page.get_by_text(gap)).to_have_count(0)
        server.stop()
        server.start()
        for text in "fg":
            publish(web, "news", text)
        shows(page, *(f"{speaker}: {text}" for text in "abcdefg"), gap)


STREAM = """async ([address, token]) => {
    // A page that asks with what the browser adds by itself shares its connection with WebSockets.
    await fetch(`https://${address}/health`, { mode: "no-cors", credentials: "include" });
    const socket = new WebSocket(`wss://${address}/topics/default-cache?token=${token}`);
    const heard = [];
    const told = new Promise(resolve => socket.onmessage = event => {
        const { item } = JSON.parse(event.data);
        if (item) heard.push(item.value.text);
        if (heard.length === 2) resolve();
    });
    await new Promise((resolve, reject) => (socket.onopen = resolve, socket.onerror = reject));
    window.socket = socket;
    socket.send(JSON.stringify({ id: 1, subscribe: { topic: "streams" } }));
    for (const text of ["a", "b"])
        socket.send(JSON.stringify({ publish: { topic: "streams", value: { text } } }));
    await told;
    return heard;
}"""
CLOSED = """() => new Promise(resolve => {
    socket.onclose = ({ code, reason, wasClean }) => resolve([code, reason, wasClean]);
    socket.close(1000, "enough");
})"""


def test_chromium_opens_a_web_socket_on_the_http_2_connection_that_a_page_has(
    browser: Browser, server: Server
) -> None:
    headers = {"authorization": server.api_key}

    def open_over_tls() -> dict[str, float]:
        page = httpx.get(f"{server.http}/metrics", headers=headers).text
        lines = re.findall(r"^attimo_connections_open{(.*?)} (.*)$", page, re.M)
        return {labels: float(count) for labels, count in lines if 'transport="tls"' in labels}

    before = open_over_tls()
    with site({"page.html": b"<!doctype html>"}) as port, browser.new_context() as context:
        page = context.new_page()
        page.goto(f"http://page.localhost:{port}/page.html")
        address = server.https.partition("//")[2]
        assert page.evaluate(STREAM, [address, server.api_key]) == ["a", "b"]
        more = {
            labels: count - before.get(labels, 0)
            for labels, count in open_over_tls().items()
            if count != before.get(labels, 0)
        }
        assert page.evaluate(CLOSED) == [1000, "enough", True]
    assert all("http2" in labels for labels in more), more
    assert sum(more.values()) >= 1


def test_a_web_socket_chats_and_comes_back_after_a_restart_and_misses_nothing(
    browser: Browser, away: tuple[Server, httpx.Client]
) -> None:
    server, web = away
    with opened(browser, web, "new WebSocket") as page:
        publish(web, "news", "a")
        shows(page, "somebody: a")
        page.get_by_label("Text").fill("b")
        page.get_by_role("button", name="Send").click()
        shows(page, "ann: b")
        server.stop()
        with answering(web.base_url.port or 0) as asked:
            assert asked.wait(PATIENCE_MS / 1_000), "the page comes back"
        server.start()
        for text in "cde":
            publish(web, "news", text)
        shows(page, "somebody: c", "somebody: d", "somebody: e", "some messages are gone", "ann: b")
        web.delete("/caches/default-cache").raise_for_status()
        shows(page, "the server refuses: cache_not_found")
