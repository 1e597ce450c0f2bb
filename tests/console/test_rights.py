"""Keys, roles and members in the console."""

import json
import re

import httpx
import segno
from playwright.sync_api import Browser, expect

from console.visiting import Cast, looks, visit
from harness import Server


def test_a_key_is_shown_once_works_and_is_revoked(
    chrome: Browser, open_server: Server, cast: Cast
) -> None:
    with visit(chrome, open_server, cast.operator) as page:
        page.goto("/console/keys")
        page.get_by_label("Description").fill("the web shop")
        page.get_by_label("Role").select_option(label="Viewer")
        page.get_by_label("Expires").select_option(label="In 30 days")
        page.get_by_role("button", name="Create the key").click()
        key = page.locator("#key").inner_text()
        page.get_by_role("link", name="I have stored it").click()
        assert key not in page.content()
        assert status(open_server, key) == 200

        row = page.get_by_role("row").filter(has_text="the web shop")
        expect(row).to_contain_text("Viewer")
        expect(row).to_contain_text("made by olga@example.com")
        row.locator("summary").click()
        row.get_by_role("button", name="Revoke the web shop").click()
        expect(page.get_by_role("status")).to_contain_text("The key is revoked")
        expect(page.get_by_text("the web shop")).to_have_count(0)
    assert status(open_server, key) == 401


def test_a_role_of_choices_permits_these_and_nothing_else(
    chrome: Browser, open_server: Server, cast: Cast
) -> None:
    with visit(chrome, open_server, cast.owner) as page:
        page.goto("/console/roles")
        page.get_by_label("Name", exact=True).fill("public reader")
        page.get_by_label("of the cache").fill("default-cache")
        page.get_by_label("whose keys begin with").fill("public/")
        page.get_by_role("button", name="Create the role").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("public reader")
        expect(
            page.get_by_role("listitem").get_by_text("read:default-cache/public/*")
        ).to_be_visible()
        role_id = page.url.rpartition("/")[2].partition("?")[0]
        made = cast.owner.ask("POST", "/api-keys", {"description": "r", "role_id": role_id})
        token = {"authorization": made["api_key"]}
        item = f"{open_server.http}/cache/default-cache"
        read = [httpx.get(f"{item}?key={key}", headers=token) for key in ("public/a", "private/a")]
        assert [each.status_code for each in read] == [404, 403]

        page.locator("details.ask summary").click()
        page.get_by_role("button", name="Delete the role").click()
        expect(page.get_by_role("alert")).to_contain_text("key r")
        page.get_by_label("Permissions").fill("{")
        page.get_by_role("button", name="Change the role").click()
        expect(page.get_by_role("alert")).to_contain_text("cannot be read as JSON")
        rule = '{"type": "cache", "permissions": ["write"], "caches": "*", "items": "*"}'
        page.get_by_label("Permissions").fill(f'{{"rules": [{rule}]}}')
        page.get_by_role("button", name="Change the role").click()
        expect(page.get_by_role("status")).to_contain_text("changed")
        assert httpx.get(f"{item}?key=public/a", headers=token).status_code == 403

        cast.owner.ask("DELETE", f"/api-keys/{made['key_info']['key_id']}")
        page.locator("details.ask summary").click()
        page.get_by_role("button", name="Delete the role").click()
        expect(page.get_by_role("status")).to_have_text("The role is deleted.")


def test_a_role_is_asked_what_it_permits(chrome: Browser, open_server: Server, cast: Cast) -> None:
    rule = {"type": "topic", "permissions": ["read"], "caches": "*", "topics": {"prefix": "news/"}}
    role = {"role_name": "hears news", "permissions": {"rules": [rule]}}
    made = cast.owner.ask("POST", "/roles", role)
    with visit(chrome, open_server, cast.viewer) as page:
        page.goto(f"/console/roles/{made['role_id']}")
        expect(page.get_by_text("No: no rule")).to_have_count(0)
        for topic, answer in (("news/today", "Yes."), ("chat", "No: no rule permits all of this.")):
            page.get_by_label("It wants to").select_option(label="subscribe to a topic")
            page.get_by_label("Key or topic").fill(topic)
            page.get_by_role("button", name="Check").click()
            expect(page.get_by_role("status")).to_have_text(answer)
            expect(page.get_by_label("Key or topic")).to_have_value(topic)
        assert looks(page, "role-checked") == []
        page.get_by_label("From the address").fill("news")
        page.get_by_label("Key or topic").fill("news/today")
        page.get_by_role("button", name="Check").click()
        expect(page.get_by_role("alert")).to_contain_text("from must be an IP address")


def test_a_token_is_shown_once_with_a_code_counts_down_and_permits_what_was_chosen(
    chrome: Browser, open_server: Server, cast: Cast
) -> None:
    with visit(chrome, open_server, cast.operator) as page:
        page.goto("/console/tokens")
        page.get_by_label("read items").uncheck()
        page.get_by_role("button", name="Create the token").click()
        expect(page.get_by_role("alert")).to_contain_text("Choose read")
        page.get_by_label("read items").check()
        page.get_by_label("whose keys begin with").fill("public/")
        page.get_by_role("button", name="Create the token").click()
        expect(page.get_by_role("timer")).to_have_text(re.compile(r"^in 14 min \d+ s$"))
        token = page.locator("#token").inner_text()
        assert looks(page, "token") == []
        drawn = page.locator("svg path").get_attribute("d") or "none"
        page.get_by_role("link", name="Tokens").first.click()
        assert token not in page.content()
    item = f"{open_server.http}/cache/default-cache"
    header = {"authorization": token}
    read = [httpx.get(f"{item}?key={key}", headers=header) for key in ("public/a", "private/a")]
    form = {"csrf": cast.viewer.csrf, "read": "yes", "life": "900"}
    refused = httpx.post(
        f"{open_server.http}/console/tokens", data=form, cookies=cast.viewer.cookies
    )

    assert [each.status_code for each in read] == [404, 403]
    assert drawn in segno.make(token, error="l", boost_error=False).svg_inline()
    assert (refused.status_code, "data-seconds" in refused.text) == (403, False)


def test_a_token_too_long_for_a_code_is_shown_without_one(open_server: Server, cast: Cast) -> None:
    rule = {"type": "cache", "permissions": ["read"], "caches": "*"}
    rules = [rule | {"items": {"key_prefix": "x" * 250 + str(number)}} for number in range(15)]
    form = {"csrf": cast.owner.csrf, "life": "900", "permissions": json.dumps({"rules": rules})}
    answer = httpx.post(f"{open_server.http}/console/tokens", data=form, cookies=cast.owner.cookies)

    assert (answer.status_code, "too long for a QR code" in answer.text) == (200, True)


def test_a_member_is_invited_gets_another_role_and_is_removed(
    chrome: Browser, open_server: Server, cast: Cast
) -> None:
    with visit(chrome, open_server, cast.owner) as page:
        page.goto("/console/members")
        page.get_by_label("E-mail", exact=True).fill("temp@example.com")
        page.get_by_role("button", name="Invite").click()
        expect(page.locator("#link")).to_have_text(re.compile("/invitations/accept#"))
        page.goto("/console/members")
        expect(page.locator("#link")).to_have_count(0)
        page.get_by_role("button", name="Revoke the invitation of temp@example.com").click()
        expect(page.get_by_role("status")).to_have_text("The invitation is revoked.")

        member = cast.owner.invite("temp@example.com", "viewer")
        page.goto("/console/members")
        page.get_by_label("Role of temp@example.com").select_option(label="Operator")
        page.get_by_role("button", name="Change the role of temp@example.com").click()
        expect(page.get_by_role("status")).to_contain_text("The role is changed")
        assert member.ask("PUT", "/caches/of-temp")["name"] == "of-temp"

        row = page.get_by_role("row").filter(has_text="temp@example.com")
        row.locator("summary").click()
        row.get_by_role("button", name="Remove temp@example.com").click()
        expect(page.get_by_role("status")).to_contain_text("The member is removed")
        row = page.get_by_role("row").filter(has_text="you")
        row.locator("summary").click()
        row.get_by_role("button", name="Leave the account").click()
        expect(page.get_by_role("alert")).to_contain_text("last owner")


def test_members_see_what_their_role_shows_and_leave_by_themselves(
    chrome: Browser, open_server: Server, cast: Cast
) -> None:
    leaver = cast.owner.invite("leaver@example.com", "viewer")
    with visit(chrome, open_server, leaver) as page:
        for path in ("keys", "roles", "members"):
            page.goto(f"/console/{path}")
            expect(page.get_by_role("heading", name=re.compile("A new|Invite"))).to_have_count(0)
        page.locator("details.ask summary").click()
        page.get_by_role("button", name="Leave the account").click()
        expect(page.get_by_role("status")).to_have_text("You have left the account.")

    narrow = {"rules": [{"type": "cache", "permissions": ["list"], "caches": "*", "items": "*"}]}
    role = cast.owner.ask("POST", "/roles", {"role_name": "lister", "permissions": narrow})
    lister = cast.owner.invite("lister@example.com", role["role_id"])
    with visit(chrome, open_server, lister) as page:
        page.goto("/console/")
        expect(page.get_by_role("navigation").get_by_role("link")).to_have_text(["Caches"])
        expect(page.get_by_text("hidden from your role").first).to_be_visible()
        assert page.goto("/console/caches/default-cache") is not None
        expect(page.get_by_text("Insufficient permissions")).to_be_visible()
    # Rows are made once for all who may see the same, and for nobody else.
    figures = f"{open_server.http}/console/figures"
    shown = [httpx.get(figures, cookies=each.cookies).text for each in (cast.owner, lister)]
    assert ["hidden from your role" in each for each in shown] == [False, True]
    refused = [
        httpx.get(f"{open_server.http}/console/{path}", cookies=lister.cookies).status_code
        for path in ("keys", "members")
    ]
    assert refused == [403, 403]


def status(server: Server, key: str) -> int:
    return httpx.get(f"{server.http}/caches", headers={"authorization": key}).status_code
