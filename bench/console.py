"""The console: how soon a list of a thousand caches is seen, and what many open lists cost."""

import asyncio
import re
import time
from dataclasses import dataclass
from statistics import median

import httpx
from playwright.sync_api import Browser, sync_playwright

from bench import cpu, progress
from bench.errors import RunError
from bench.peers import Peer, attimo, program
from bench.plan import Plan

CACHES = 1_000
CONSOLES = 50
REFRESH_SECONDS = 5
"""As the page asks for new figures."""

SECONDS = 20

PAINTED = """() => new Promise((resolve) => {
    const tell = (list) => list.getEntriesByName("first-contentful-paint").forEach(
        (entry) => resolve(entry.startTime));
    new PerformanceObserver(tell).observe({ type: "paint", buffered: true });
})"""
VERSION = re.compile(r"seen=(\w+)")


@dataclass(frozen=True, slots=True)
class Console:
    """The list of caches in a browser, and in many.

    Attributes:
        paints_ms: From the start of navigation to the first contentful paint, of each load by a
            browser that has nothing of it.
        share: Of one core, what the server takes for all open lists, less than without them.
    """

    paints_ms: tuple[float, ...]
    share: float

    def figures(self) -> dict[str, float]:
        """The figures by name."""
        return {
            "console.first_paint_ms": median(self.paints_ms),
            "console.first_paint_worst_ms": max(self.paints_ms),
            "console.cpu_percent": 100 * self.share,
        }


def measure(plan: Plan) -> Console:
    """Fill a server, open its console, and keep it open many times."""
    with attimo() as peer:
        _fill(peer)
        cookies = _sign_in(peer)
        cpu.wait_until_settled(peer.pid)
        found = Console(_paints(peer, cookies, 5 * plan.rounds), _share(peer, cookies))
    named = found.figures()
    progress.say(
        f"  first contentful paint {named['console.first_paint_ms']:.0f} ms, at most "
        f"{named['console.first_paint_worst_ms']:.0f}; {CONSOLES} open consoles "
        f"{named['console.cpu_percent']:.2f} % of a core"
    )
    return found


def _fill(peer: Peer) -> None:
    """Make caches, each with an item that was read, so that every row has all figures."""
    with _client(peer, {"authorization": peer.token}) as client:
        for at in range(CACHES):
            for method, path in (
                ("PUT", f"/caches/cache-{at}"),
                ("PUT", f"/cache/cache-{at}?key=k&ttl_seconds=3600"),
                ("GET", f"/cache/cache-{at}?key=k"),
            ):
                _done(client.request(method, path, content=b"v" if "key" in path else b""))


def _sign_in(peer: Peer) -> httpx.Cookies:
    """Become the owner of the server by a link, as `attimo console` makes it."""
    with _client(peer, {"authorization": peer.token}) as client:
        token = _done(client.post("/session/links")).json()["token"]
    with _client(peer, {"origin": f"http://{peer.address}"}) as client:
        client.post("/console/enter", data={"token": token})
        _done(client.get("/console/"))
        return client.cookies


def _paints(peer: Peer, cookies: httpx.Cookies, loads: int) -> tuple[float, ...]:
    options = ["--no-sandbox", "--disable-gpu"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program("chromium"), args=options)
        _painted(browser, peer, cookies)  # the browser itself is new now
        found = tuple(_painted(browser, peer, cookies) for _ in range(loads))
        browser.close()
    return found


def _painted(browser: Browser, peer: Peer, cookies: httpx.Cookies) -> float:
    """Milliseconds to the first contentful paint, with an empty cache."""
    url = f"http://{peer.address}"
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.add_cookies(
        [{"name": name, "value": value, "url": url} for name, value in cookies.items()]
    )
    page = context.new_page()
    page.goto(f"{url}/console/")
    found = float(page.evaluate(PAINTED))
    context.close()
    return found


def _share(peer: Peer, cookies: httpx.Cookies) -> float:
    """The share of a core for open lists, beside a little traffic that changes their figures."""
    alone = asyncio.run(_spent(peer, cookies, 0))
    return asyncio.run(_spent(peer, cookies, CONSOLES)) - alone


async def _spent(peer: Peer, cookies: httpx.Cookies, consoles: int) -> float:
    async with httpx.AsyncClient(
        base_url=f"http://{peer.address}",
        cookies=cookies,
        timeout=60,
        trust_env=False,
        limits=httpx.Limits(max_connections=CONSOLES + 1, max_keepalive_connections=CONSOLES + 1),
    ) as client:
        tasks = [asyncio.create_task(_use(client, peer))]
        for at in range(consoles):
            first = REFRESH_SECONDS * at / consoles
            tasks.append(asyncio.create_task(_watch(client, first)))
        await asyncio.sleep(2 * REFRESH_SECONDS)
        before, start = cpu.spent_seconds(peer.pid), time.monotonic()
        await asyncio.sleep(SECONDS)
        share = (cpu.spent_seconds(peer.pid) - before) / (time.monotonic() - start)
        for task in tasks:
            if task.done():
                task.result()
            task.cancel()
        return share


async def _use(client: httpx.AsyncClient, peer: Peer) -> None:
    """Read an item of one cache after the other: figures change, as those of caches in use do."""
    headers = {"authorization": peer.token}
    while True:
        for at in range(100):
            _done(await client.get(f"/cache/cache-{at}?key=k", headers=headers))
            await asyncio.sleep(0.1)


async def _watch(client: httpx.AsyncClient, first: float) -> None:
    """Ask for figures as an open list does."""
    await asyncio.sleep(first)
    seen = ""
    while True:
        answer = _done(await client.get("/console/figures", params={"seen": seen}))
        seen = found[1] if (found := VERSION.search(answer.text)) else seen
        await asyncio.sleep(REFRESH_SECONDS)


def _client(peer: Peer, headers: dict[str, str]) -> httpx.Client:
    url = f"http://{peer.address}"
    return httpx.Client(base_url=url, headers=headers, timeout=60, trust_env=False)


def _done(answer: httpx.Response) -> httpx.Response:
    """Return a good answer.

    Raises:
        RunError: It is none.
    """
    if not answer.is_success:
        raise RunError(f"{answer.request.url}: {answer.status_code} {answer.text[:200]}")
    return answer
