"""Topics in the console: watched live, and published to."""

import httpx
import pytest
from playwright.sync_api import Browser, expect

from console.visiting import NASTY, Cast, looks, visit
from harness import Server

TOPIC = {"cache": "default-cache", "topic": "news/today"}


def test_a_topic_is_watched_and_published_to(
    chrome: Browser, open_server: Server, cast: Cast
) -> None:
    with visit(chrome, open_server, cast.operator) as page:
        page.goto("/console/topics")
        page.get_by_label("Cache").fill(TOPIC["cache"])
        page.get_by_role("textbox", name="Topic").fill(TOPIC["topic"])
        page.keyboard.press("Enter")
        expect(page.get_by_role("status")).to_contain_text("Watching")
        page.get_by_label("Message", exact=True).fill(NASTY)
        page.keyboard.press("Enter")
        newest = page.get_by_role("log").get_by_role("listitem").first
        expect(newest).to_contain_text(NASTY)
        publish(open_server, cast.owner.token, b"\xff")
        expect(newest).to_contain_text("base64: /w==")
        publish(open_server, cast.owner.token, b"x" * 1_000_000)
        expect(newest).to_contain_text("xxx…")
        assert page.locator("img[src=x]").count() == 0
        assert looks(page, "topic") == []


def test_who_may_not_publish_or_create_tokens_is_offered_neither(
    chrome: Browser, open_server: Server, cast: Cast
) -> None:
    rules = [
        {"type": "topic", "permissions": ["read"], "caches": "*", "topics": "*"},
        {"type": "token_management", "permissions": ["write"]},
    ]
    role = {"role_name": "listener", "permissions": {"rules": rules}}
    listener = cast.owner.invite("l@example.com", cast.owner.ask("POST", "/roles", role)["role_id"])
    with visit(chrome, open_server, listener) as page:
        page.goto("/console/topics?cache=default-cache&topic=news/today")
        expect(page.get_by_role("status")).to_contain_text("Watching")
        expect(page.get_by_label("Message", exact=True)).to_be_hidden()
        publish(open_server, cast.owner.token, b"for all")
        expect(page.get_by_role("log").get_by_role("listitem").first).to_contain_text("for all")
        page.goto("/console/topics?cache=none&topic=t")
        expect(page.get_by_role("status")).to_contain_text("There is no such cache")
    token = ask(open_server, listener.cookies, listener.csrf).json()["token"]
    with pytest.raises(httpx.HTTPStatusError, match="403"):
        publish(open_server, token, b"mine")
    viewer = httpx.get(f"{open_server.http}/console/topics", cookies=cast.viewer.cookies)
    assert "does not permit creating tokens" in viewer.text
    assert ask(open_server, cast.viewer.cookies, cast.viewer.csrf).status_code == 403


def test_the_token_of_the_page_is_for_one_topic_of_its_account(
    open_server: Server, cast: Cast
) -> None:
    cast.owner.ask("PUT", "/caches/hidden")
    token = ask(open_server, cast.owner.cookies, cast.owner.csrf).json()["token"]
    foreign = TOPIC | {"cache": "hidden"}
    eve = ask(open_server, cast.stranger.cookies, cast.stranger.csrf, foreign).json()["token"]
    narrow = {"rules": [{"type": "cache", "permissions": ["list"], "caches": "*", "items": "*"}]}
    role = cast.owner.ask("POST", "/roles", {"role_name": "no topics", "permissions": narrow})
    member = cast.owner.invite("no-topics@example.com", role["role_id"])

    def status(token: str, path: str, method: str = "POST") -> int:
        headers = {"authorization": token}
        return httpx.request(method, f"{open_server.http}{path}", headers=headers).status_code

    assert status(token, "/topics/default-cache/news%2Ftoday") == 204
    assert status(token, "/topics/default-cache/other") == 403
    assert status(token, "/cache/default-cache?key=k", "GET") == 403
    assert status(eve, "/topics/hidden/news%2Ftoday") == 404
    assert ask(open_server, member.cookies, member.csrf).status_code == 403


def ask(
    server: Server, cookies: httpx.Cookies, csrf: str, topic: dict[str, str] = TOPIC
) -> httpx.Response:
    url = f"{server.http}/console/topics/token"
    return httpx.post(url, data=topic | {"csrf": csrf}, cookies=cookies)


def publish(server: Server, token: str, message: bytes) -> None:
    url = f"{server.http}/topics/default-cache/news%2Ftoday"
    httpx.post(url, content=message, headers={"authorization": token}).raise_for_status()
