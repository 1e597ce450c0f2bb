"""What the page of a cache shows of what it did: charts, a table, and the keys that used it."""

import re

import httpx
from playwright.sync_api import Browser, Page, expect

from console.visiting import Cast, overflow, visit
from harness import Server

TIME = re.compile(r"^[\d.,]+ (µs|ms|s)$")
"""A length of time, as the console tells it."""


def test_each_range_has_charts_and_a_table_of_what_was_done(
    chrome: Browser, open_server: Server, cast: Cast
) -> None:
    use(open_server, cast, "charted", cast.owner.token)
    with visit(chrome, open_server, cast.viewer) as page:
        for title, name, steps in (
            ("1 hour", "1h", 60),
            ("24 hours", "24h", 24),
            ("7 days", "7d", 56),
            ("30 days", "30d", 60),
        ):
            wait_for_usage(page, "/console/caches/charted")
            page.get_by_role("link", name=title).click()
            expect(page).to_have_url(f"{open_server.http}/console/caches/charted?range={name}")
            expect(page.get_by_role("link", name=title)).to_have_attribute("aria-current", "true")
            chart = page.get_by_role("img", name="Hits: at most")
            expect(chart.locator("canvas")).to_be_visible()
            page.get_by_text("As a table").click()
            rows = page.locator("#steps tbody tr")
            expect(rows).to_have_count(steps)
            found = rows.locator("td:nth-of-type(1)").all_inner_texts()
            assert sum(map(int, found)) == 3, name
            stored = page.get_by_role("img", name="Stored: at most")
            expect(stored).to_have_count(0 if name == "1h" else 1)


def test_each_range_has_latency_by_method_and_errors_by_kind(
    chrome: Browser, open_server: Server, cast: Cast
) -> None:
    use(open_server, cast, "timed", cast.owner.token)
    number = f"{open_server.http}/cache/timed/increment?key=k&ttl_seconds=60"
    refused = httpx.post(number, headers={"authorization": cast.owner.token}, timeout=60)
    assert refused.status_code >= 400
    with visit(chrome, open_server, cast.viewer) as page:
        wait_for(page, "/console/caches/timed?range=1h", "Increment")
        for name in ("1h", "24h", "7d", "30d"):
            page.goto(f"/console/caches/timed?range={name}")
            for title in ("Latency, p50", "Latency, p99", "Latency, p99.9", "Errors by kind"):
                figure = page.locator(".chart").filter(has=page.get_by_text(title, exact=True))
                expect(figure.locator("canvas")).to_be_visible()
            drawn = page.get_by_role("img", name=re.compile(r"Get: at most [\d.,]+ (µs|ms|s);"))
            expect(drawn).to_have_count(3)
            expect(page.get_by_role("img", name="failed precondition: at most")).to_be_visible()

            methods = page.get_by_role("region", name="Latency and errors by method")
            gets, failed = (methods.get_by_role("row").filter(has_text=of) for of in ("Get", "Inc"))
            expect(gets.get_by_role("cell")).to_have_text(["2", TIME, TIME, TIME, "0", ""])
            expect(failed.get_by_role("cell")).to_have_text(
                ["0", "none", "none", "none", "1", "failed precondition: 1"]
            )
            page.get_by_text("Step by step").click()
            steps = page.locator("#ended tbody tr")
            with_errors = steps.filter(has=page.get_by_role("cell", name="1", exact=True))
            expect(with_errors).to_have_count(1)


def test_an_unknown_range_is_that_of_a_day(open_server: Server, cast: Cast) -> None:
    answer = httpx.get(
        f"{open_server.http}/console/caches/used",
        params={"range": "<script>"},
        cookies=cast.owner.cookies,
        timeout=60,
    )

    assert answer.status_code == 200
    assert 'href="?range=24h" aria-current="true"' in answer.text
    assert "<script>" not in answer.text.partition("<body")[2]


def test_without_scripts_the_table_says_the_same(
    chrome: Browser, open_server: Server, cast: Cast
) -> None:
    use(open_server, cast, "plain", cast.owner.token)
    with visit(chrome, open_server, cast.owner) as page:
        wait_for_usage(page, "/console/caches/plain")
    context = chrome.new_context(base_url=open_server.http, java_script_enabled=False)
    try:
        name, value = next(iter(cast.owner.cookies.items()))
        context.add_cookies([{"name": name, "value": value, "url": open_server.http}])
        page = context.new_page()
        page.goto("/console/caches/plain")
        expect(page.locator(".chart")).not_to_have_count(0)
        expect(page.locator(".chart:visible")).to_have_count(0)
        page.get_by_text("As a table").click()
        expect(page.locator("#steps tbody tr").first).to_be_visible()
    finally:
        context.close()


def test_charts_fit_the_window_when_it_changes(
    chrome: Browser, open_server: Server, cast: Cast
) -> None:
    use(open_server, cast, "narrow", cast.owner.token)
    with visit(chrome, open_server, cast.owner) as page:
        wait_for_usage(page, "/console/caches/narrow")
        chart = page.locator(".chart").first
        for width in (1440, 360):
            page.set_viewport_size({"width": width, "height": 900})
            page.wait_for_function(
                "chart => chart.querySelector('.uplot').offsetWidth === chart.clientWidth",
                arg=chart.element_handle(),
            )
        # Until it has its new width, as after a turn of the screen.
        chart.locator(".uplot").evaluate("drawn => { drawn.style.width = '2000px' }")
        assert overflow(page) == 0


def test_who_uses_a_cache_is_told_by_key(chrome: Browser, open_server: Server, cast: Cast) -> None:
    made = cast.owner.ask("POST", "/api-keys", {"description": "the shop", "role_id": "owner"})
    use(open_server, cast, "shared", made["api_key"])
    with visit(chrome, open_server, cast.owner) as page:
        wait_for_usage(page, "/console/caches/shared")
        keys = page.get_by_role("region", name="Keys that used the cache")
        row = keys.get_by_role("row").filter(has_text="the shop")
        expect(row).to_contain_text(made["key_info"]["key_id"])
        expect(row.get_by_role("cell").first).to_have_text("3")


def test_a_member_who_must_not_see_usage_sees_no_activity(open_server: Server, cast: Cast) -> None:
    rule = {"type": "cache", "permissions": ["list", "read"], "caches": "*", "items": "*"}
    role = cast.owner.ask(
        "POST", "/roles", {"role_name": "items only", "permissions": {"rules": [rule]}}
    )
    reader = cast.owner.invite("rita@example.com", role["role_id"])
    answer = httpx.get(
        f"{open_server.http}/console/caches/used", cookies=reader.cookies, timeout=60
    )

    assert answer.status_code == 200
    assert "Activity" not in answer.text
    assert "Who uses it" not in answer.text
    assert "uplot" not in answer.text


def use(server: Server, cast: Cast, cache: str, token: str) -> None:
    """Write an item, find it, and miss another one."""
    cast.owner.ask("PUT", f"/caches/{cache}")
    for verb, key in (("PUT", "k"), ("GET", "k"), ("GET", "none")):
        item = f"{server.http}/cache/{cache}?key={key}&ttl_seconds=3600"
        headers = {"authorization": token}
        answer = httpx.request(verb, item, content=b"v", headers=headers, timeout=60)
        assert answer.status_code in (200, 204, 404)


def wait_for_usage(page: Page, path: str) -> None:
    """Open a page until the ledger has the three requests, which takes it a second."""
    page.goto(path)
    asked = page.locator("#steps tbody td:nth-of-type(1)").get_by_text("3", exact=True)
    while asked.count() == 0:
        page.goto(path)


def wait_for(page: Page, path: str, method: str) -> None:
    """Open a page until the history has a method, which takes it a second."""
    page.goto(path)
    while page.get_by_role("rowheader", name=method, exact=True).count() == 0:
        page.goto(path)
