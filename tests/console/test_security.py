"""What strangers, other sites and other accounts cannot do to the console."""

import json
from collections.abc import Iterator

import httpx
import pytest
from markupsafe import escape
from playwright.sync_api import Browser, expect

from attimo.console.app import PAGES as DECLARED
from conformance.people import COOKIE, PASSWORD, Person
from console.visiting import NASTY, PAGES, PUBLIC, Cast, visit
from harness import Server
from letters import letter_to

CHANGES = [each for each in DECLARED if each.method == "POST"]
OF_MEMBERS = [each.path for each in CHANGES if not each.is_public]
OF_ANYBODY = [each.path for each in CHANGES if each.is_public]


@pytest.fixture
def client(open_server: Server) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=open_server.http) as client:
        yield client


def filled(path: str) -> str:
    for name, value in {
        "name": "default-cache",
        "cache": "default-cache",
        "role_id": "viewer",
    }.items():
        path = path.replace(f"{{{name}}}", value)
    return f"/console{path}"


def test_names_are_text_on_every_page(chrome: Browser, open_server: Server, cast: Cast) -> None:
    """An account, a cache, a key, a role and a webhook have a name that would be run; the policy
    would report it, too."""
    with visit(chrome, open_server, cast.owner) as page:
        for path in PAGES.values():
            page.goto(path)
            assert page.locator("img[src=x]").count() == 0
            expect(page.locator(".who .account")).to_have_text(NASTY)
        for path in ("/console/", "/console/roles", "/console/webhooks"):
            page.goto(path)
            expect(page.get_by_role("link", name=NASTY)).to_be_visible()
        page.goto("/console/keys")
        expect(page.get_by_role("rowheader", name=NASTY)).to_be_visible()


def test_what_is_sent_back_into_a_form_is_text(client: httpx.Client) -> None:
    ours = {"origin": str(client.base_url).rstrip("/")}
    for path in OF_ANYBODY:
        answer = client.post(
            f"/console{path}",
            headers=ours,
            data={
                "email": NASTY,
                "password": PASSWORD,
                "account_name": NASTY,
                "next": NASTY,
                "token": NASTY,
            },
        )
        assert "<img src=x" not in answer.text, path
        assert answer.status_code < 500, path


def test_pages_cannot_be_framed_run_only_their_own_scripts_and_are_not_kept(
    client: httpx.Client, cast: Cast
) -> None:
    client.cookies.update(cast.owner.cookies)
    for path in (*PAGES.values(), *PUBLIC.values()):
        headers = client.get(path).headers
        policy = headers["content-security-policy"]
        assert "frame-ancestors 'none'" in policy, path
        assert "default-src 'none'; script-src 'self'; style-src 'self'" in policy, path
        assert "unsafe" not in policy, path
        assert headers["x-frame-options"] == "DENY", path
        assert headers["x-content-type-options"] == "nosniff", path
        assert headers["cache-control"] == "no-store", path


def test_a_change_needs_the_token_of_the_session(client: httpx.Client, cast: Cast) -> None:
    client.cookies.update(cast.owner.cookies)
    form = {"typed": "default-cache", "name": "forged"}
    for path in OF_MEMBERS:
        for csrf in ({}, {"csrf": ""}, {"csrf": cast.stranger.csrf}):
            answer = client.post(filled(path), data=form | csrf)
            assert answer.status_code == 403, (path, csrf)
    names = [each["name"] for each in cast.owner.ask("GET", "/caches")["caches"]]

    assert "default-cache" in names
    assert "forged" not in names


def test_forms_of_other_sites_are_refused(client: httpx.Client, cast: Cast) -> None:
    for origin in ("https://evil.example", "null", None):
        headers: dict[str, str] = {} if origin is None else {"origin": origin}
        for path in OF_ANYBODY:
            data = {"email": "x@example.com", "password": PASSWORD, "token": "t"}
            answer = client.post(f"/console{path}", data=data, headers=headers)
            assert answer.status_code in (401, 403), (path, origin)
            assert COOKIE not in answer.cookies
        if origin is None:  # whoever has the token of the session need not be a browser
            continue
        headers["cookie"] = f"{COOKIE}={cast.owner.token}"
        for path in OF_MEMBERS:
            data = {"csrf": cast.owner.csrf, "typed": "default-cache"}
            answer = client.post(filled(path), data=data, headers=headers)
            assert answer.status_code in (401, 403), (path, origin)
    cast.owner.ask("GET", "/session")


def test_forms_are_read_by_the_console_alone(client: httpx.Client, cast: Cast) -> None:
    """Other sites can send forms without asking, so nothing else may accept one."""
    sent = {"email": cast.owner.email, "password": PASSWORD}
    assert client.post("/session", data=sent).status_code == 415
    assert client.post("/console/sign-in", json=sent).status_code == 415


def test_what_no_browser_sends_is_refused_by_a_page(client: httpx.Client, cast: Cast) -> None:
    client.cookies.update(cast.owner.cookies)
    rule = {"type": "cache", "permissions": ["read"], "caches": {"name": "\ud800"}, "items": "*"}
    role = {"name": "odd", "permissions": json.dumps({"rules": [rule]})}
    answers = [
        client.get("/console/caches/default-cache", headers={"host": "["}),
        client.post("/console/switch", data={"csrf": cast.owner.csrf, "account_id": "9" * 5000}),
        client.post("/console/members/remove", data={"csrf": cast.owner.csrf, "user_id": "²"}),
        client.post("/console/roles", data={"csrf": cast.owner.csrf} | role),
        client.post("/console/roles", data={"csrf": cast.owner.csrf, "permissions": "1" * 5000}),
    ]

    assert [each.status_code for each in answers] == [200, 400, 400, 400, 400]
    assert all("content-security-policy" in each.headers for each in answers)


def test_a_path_without_its_slash_and_a_method_without_a_page_lead_on(client: httpx.Client) -> None:
    assert client.get("/console").headers["location"] == "/console/"
    refused = client.get("/console/caches/default-cache/flush")
    assert (refused.status_code, refused.headers["allow"]) == (405, "POST")


def test_who_has_no_account_any_more_can_sign_out(client: httpx.Client, cast: Cast) -> None:
    guest = cast.owner.invite("guest@example.com", "viewer")
    cast.owner.ask("DELETE", f"/members/{guest.user_id()}")
    client.cookies.update(guest.sign_in().cookies)
    page = client.get("/console/")

    assert page.status_code == 403
    assert "not a member" in page.text
    assert 'action="/console/sign-out"' in page.text


def test_who_is_in_a_suspended_account_can_switch_to_another(
    client: httpx.Client, cast: Cast
) -> None:
    person = Person(cast.owner.server, "late-payer@example.com").sign_up()
    suspended = person.ask("GET", "/session")["account_id"]
    made = cast.owner.ask("POST", "/invitations", {"email": person.email})
    person.ask("POST", "/invitations/accept", {"token": made["token"], "password": PASSWORD})
    person.csrf = person.ask("PUT", "/session", {"account_id": suspended})["csrf_token"]
    operator = {"authorization": cast.owner.server.api_key}
    client.post(f"/accounts/{suspended}/suspend", headers=operator).raise_for_status()
    client.cookies.update(person.cookies)
    page = client.get("/console/")

    assert page.status_code == 403
    assert f"Switch to {escape(NASTY)}" in page.text
    other = str(cast.owner.ask("GET", "/session")["account_id"])
    client.post("/console/switch", data={"csrf": person.csrf, "account_id": other})
    assert client.get("/console/").status_code == 200


def test_signing_in_begins_a_session_of_its_own(client: httpx.Client, cast: Cast) -> None:
    ours = {"origin": str(client.base_url).rstrip("/")}
    for known in ("fixed-by-somebody-else", cast.stranger.token):
        answer = client.post(
            "/console/sign-in",
            data={"email": cast.owner.email, "password": PASSWORD},
            headers=ours | {"cookie": f"{COOKIE}={known}"},
        )
        made = answer.headers["set-cookie"]
        assert answer.cookies[COOKIE] not in (known, cast.owner.token)
        assert "HttpOnly" in made
        assert "SameSite=lax" in made


def test_only_paths_of_the_console_are_led_to_after_signing_in(
    client: httpx.Client, cast: Cast
) -> None:
    ours = {"origin": str(client.base_url).rstrip("/")}
    for wanted, to in {
        "/console/sessions": "/console/sessions",
        "https://evil.example/console/": "/console/",
        "//evil.example/console/": "/console/",
        "/\\evil.example": "/console/",
        "javascript:alert(1)": "/console/",
        "/console/\r\nset-cookie: a=b": "/console/%0D%0Aset-cookie:%20a=b",
    }.items():
        answer = client.post(
            "/console/sign-in",
            data={"email": cast.owner.email, "password": PASSWORD, "next": wanted},
            headers=ours,
        )
        assert (answer.status_code, answer.headers["location"]) == (303, to)


def test_whatever_host_is_asked_for_links_of_e_mails_and_redirects_are_ours(
    client: httpx.Client, open_server: Server, cast: Cast
) -> None:
    forged = {"host": "evil.example", "origin": "http://evil.example"}
    sent = client.post("/console/forgotten", data={"email": cast.viewer.email}, headers=forged)
    link = letter_to(open_server, cast.viewer.email, r"(https://\S+)/console/reset#")
    to = client.get("/", headers={"host": "evil.example", "accept": "text/html"})

    assert sent.status_code == 200
    assert link[1] == open_server.https
    assert "evil.example" not in link.string
    assert to.headers["location"] == "/console/"


def test_who_has_not_signed_in_sees_no_page_of_members(client: httpx.Client, cast: Cast) -> None:
    for path in PAGES.values():
        answer = client.get(path)
        assert answer.status_code == 303, path
        assert answer.headers["location"].startswith("/console/sign-in"), path
        assert answer.text == ""
    part = client.get("/console/figures", headers={"hx-request": "true"})
    assert (part.headers["hx-redirect"], part.text) == ("/console/sign-in", "")
    for path in OF_MEMBERS:
        answer = client.post(filled(path), data={"csrf": cast.owner.csrf, "typed": "default-cache"})
        assert answer.headers["location"] == "/console/sign-in", path


def test_another_account_is_not_there_by_any_page(client: httpx.Client, cast: Cast) -> None:
    cast.owner.ask("PUT", "/caches/private")
    hook = {"topic": "private", "url": "http://private.test/"}
    cast.owner.ask("PUT", "/webhooks/private/private", hook)
    eve = cast.stranger
    client.cookies.update(eve.cookies)
    assert "private" not in client.get("/console/").text
    assert client.get("/console/caches/private").status_code == 404
    form = {"csrf": eve.csrf, "typed": "private"}
    for what in ("flush", "delete"):
        assert client.post(f"/console/caches/private/{what}", data=form).status_code == 404
    for what in ("", "/test", "/redeliver", "/rotate", "/delete"):
        answer = client.post(f"/console/webhooks/private/private{what}", data=form | hook)
        assert answer.status_code == 404, what
    assert client.get("/console/webhooks/private/private").status_code == 404
    assert "private" not in client.get("/console/webhooks").text
    mine = cast.owner.ask("GET", "/session")["account_id"]
    data = {"csrf": eve.csrf, "account_id": str(mine)}
    assert client.post("/console/switch", data=data).status_code == 404
    others = {
        "/keys/revoke": {"key_id": cast.owner.ask("GET", "/api-keys")["key_info"][0]["key_id"]},
        "/members/remove": {"user_id": str(cast.viewer.user_id())},
        "/members/role": {"user_id": str(cast.viewer.user_id()), "role_id": "viewer"},
        "/members/take-back": {
            "invitation_id": cast.owner.ask("GET", "/invitations")["invitations"][0][
                "invitation_id"
            ]
        },
    }
    roles = cast.owner.ask("GET", "/roles?type=custom")["roles"]
    others[f"/roles/{roles[0]['role_id']}/delete"] = {}
    others[f"/roles/{roles[0]['role_id']}"] = {"name": "mine", "permissions": '{"rules": []}'}
    for path, data in others.items():
        answer = client.post(f"/console{path}", data={"csrf": eve.csrf} | data)
        assert answer.status_code in (400, 404), path
    assert client.get(f"/console/roles/{roles[0]['role_id']}").status_code == 404
    assert client.get("/console/audit?of=server").status_code == 403
    for page in ("/console/audit", "/console/usage"):
        assert "private" not in client.get(page).text, page
    assert cast.owner.ask("GET", "/roles?type=custom")["roles"] == roles
    assert cast.owner.ask("GET", "/webhooks/private/private")["state"] == "active"
    assert "private" in [each["name"] for each in cast.owner.ask("GET", "/caches")["caches"]]


def test_a_session_can_be_ended_by_its_user_alone(client: httpx.Client, cast: Cast) -> None:
    other = Person(cast.owner.server, cast.owner.email).sign_in()
    cookie = {"cookie": f"{COOKIE}={cast.owner.token}"}
    listed = client.get("/console/sessions", headers=cookie).text
    ids = [part.partition('"')[0] for part in listed.split('name="id" value="')[1:]]
    assert ids
    client.cookies.update(cast.stranger.cookies)
    for each in (*ids, "", "%", "_" * 16):
        data = {"csrf": cast.stranger.csrf, "id": each}
        assert client.post("/console/sessions/end", data=data).status_code == 303

    other.ask("GET", "/session")
    cast.stranger.ask("GET", "/session")
