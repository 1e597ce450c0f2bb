"""Usage, bills and the audit log in the console."""

import httpx
from playwright.sync_api import Browser, expect

from conformance.people import PASSWORD, Person
from console.visiting import Cast, looks, visit
from harness import Server

CARD = "elasticache-serverless-valkey-2026-06"


def test_the_month_so_far_is_what_the_api_says_by_each_rate_card(
    chrome: Browser, open_server: Server, cast: Cast
) -> None:
    headers = {"authorization": cast.owner.token}
    cast.owner.ask("PUT", "/caches/counted")
    for key in range(20):
        item = f"{open_server.http}/cache/counted?key={key}&ttl_seconds=600"
        httpx.put(item, content=b"x" * 100_000, headers=headers).raise_for_status()
    with visit(chrome, open_server, cast.viewer) as page:
        used = page.get_by_role("region", name="Usage by cache").get_by_role("row")
        puts = page.get_by_role("cell", name="20", exact=True)
        while not used.filter(has_text="counted").filter(has=puts).count():
            page.goto("/console/usage")  # the ledger follows within a second
        page.get_by_label("Rate card").select_option(label=CARD)
        page.get_by_role("button", name="Show").click()
        month = page.url.partition("month=")[2].partition("&")[0]
        bill = cast.owner.ask("GET", f"/bills/{month}?card={CARD}")
        lines = page.get_by_role("region", name="Lines of the bill").get_by_role("row")
        expect(lines).to_have_count(len(bill["lines"]) + 1)
        expect(page.locator(".tiles")).to_contain_text(f"So far${bill['total']}")
        expect(used.filter(has_text="counted").filter(has=puts)).to_have_count(1)
        cards = page.get_by_role("region", name="The same usage").get_by_role("listitem")
        expect(cards).to_have_count(len(cast.owner.ask("GET", "/bills")["cards"]))
        for link, kind in (("Lines as CSV", "text/csv"), ("To print", "text/html")):
            path = page.get_by_role("link", name=link, exact=True).get_attribute("href")
            answer = page.request.get(path or "")
            assert answer.headers["content-type"].startswith(kind)


def test_a_month_or_a_card_that_is_not_there_is_a_page_that_says_so(
    open_server: Server, cast: Cast
) -> None:
    said = {}
    for asked in ("month=2020-01", "month=x", "card=none"):
        answer = httpx.get(f"{open_server.http}/console/usage?{asked}", cookies=cast.viewer.cookies)
        said[asked] = answer.status_code

    assert said == {"month=2020-01": 404, "month=x": 400, "card=none": 404}


def test_the_audit_log_is_filtered(chrome: Browser, open_server: Server, cast: Cast) -> None:
    cast.owner.ask("PUT", "/caches/audited")
    with visit(chrome, open_server, cast.viewer) as page:
        page.goto("/console/audit")
        rows = page.locator("tbody tr")
        expect(rows.first).to_contain_text("cache.create")
        expect(rows.filter(has_text="member.join").first).to_be_visible()
        page.get_by_label("Action").fill("cache")
        page.get_by_role("button", name="Filter").click()
        expect(rows.filter(has_text="audited").first).to_contain_text("member ann@example.com")
        expect(rows.filter(has_text="member.join")).to_have_count(0)
        page.get_by_label("Since").fill("2999-01-01")
        page.get_by_role("button", name="Filter").click()
        expect(page.get_by_text("No entry matches.")).to_be_visible()
        expect(page.get_by_label("Of")).to_have_count(0)
        page.goto("/console/audit?since=yesterday")
        expect(page.get_by_role("alert")).to_contain_text("since must be a day")


def test_an_operator_of_the_server_sees_the_audit_log_of_all_accounts(
    chrome: Browser, open_server: Server, cast: Cast
) -> None:
    operator = of_first_account(open_server, "root@example.com")
    with visit(chrome, open_server, operator) as page:
        page.goto("/console/audit")
        page.get_by_label("Of").select_option(label="all accounts")
        # Other tests fill the first page with their caches.
        page.get_by_label("Action").fill("member")
        page.get_by_role("button", name="Filter").click()
        rows = page.get_by_role("row").filter(has_text=cast.stranger.email)
        expect(rows.first).to_be_visible()


def test_the_page_of_the_server_is_for_its_operators(
    chrome: Browser, open_server: Server, cast: Cast
) -> None:
    operator = of_first_account(open_server, "chief@example.com")
    with visit(chrome, open_server, operator) as page:
        page.goto("/console/")
        page.get_by_role("link", name="Server").click()
        for fact in ("open to anyone", "valid until", "is recorded", open_server.http):
            expect(page.locator(".facts")).to_contain_text(fact)
        expect(page.get_by_role("row").filter(has_text="owner").first).to_contain_text("unlimited")
        expect(page.get_by_role("row").filter(has_text=cast.stranger.email)).to_contain_text("free")
        assert looks(page, "server") == []
    with visit(chrome, open_server, cast.owner) as page:
        page.goto("/console/server")
        expect(page.get_by_text("Insufficient permissions")).to_be_visible()
        expect(page.get_by_role("link", name="Server")).to_have_count(0)


def of_first_account(server: Server, email: str) -> Person:
    """A member of the account of whoever runs the server."""
    asked = {"email": email, "role_id": "owner"}
    key = {"authorization": server.api_key}
    made = httpx.post(f"{server.http}/invitations", json=asked, headers=key).json()
    person = Person(server, email)
    person.ask("POST", "/invitations/accept", {"token": made["token"], "password": PASSWORD})
    return person
