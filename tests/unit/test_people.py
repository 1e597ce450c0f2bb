"""Sign-up, sessions and passwords, as a browser or a script meets them."""

from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette

from attimo.api import create_app
from attimo.control import Control, sessions
from browsers import ANN, BOB, EVE, OTHER, PASSWORD, Browser, Post
from fakes import Clock, Listener


def test_one_request_makes_an_account_a_cache_and_a_key(browser: Browser, node: Listener) -> None:
    made = browser.sign_up("Ann@Example.com ")

    assert made["endpoint"] == "cache.example.com"
    assert node.names(made["account_id"]) == {"default-cache"}
    (key,) = [key for key in node.api_keys.values() if key.account_id == made["account_id"]]
    assert key.role_id == "owner"
    shown = browser.ask("GET", "/session").json()
    assert (shown["email"], shown["account_id"]) == (ANN, made["account_id"])
    assert shown["accounts"] == [
        {
            "account_id": made["account_id"],
            "account_name": ANN,
            "role_id": "owner",
            "suspended": False,
        }
    ]


def test_a_session_does_what_its_member_may(ann: Browser, node: Listener) -> None:
    account_id = ann.ask("GET", "/session").json()["account_id"]

    assert ann.ask("PUT", "/caches/mine").status_code == 201
    assert "mine" in node.names(account_id)
    (key,) = ann.ask("GET", "/api-keys").json()["key_info"]
    assert key["description"] == "made at sign-up"
    actors = {entry["actor"] for entry in ann.ask("GET", "/audit").json()["entries"]}
    assert actors == {f"member {ANN}"}


@pytest.mark.parametrize("rule", ["invite", "closed"])
def test_where_sign_up_is_not_open_nobody_signs_up(
    control: Control, node: Listener, rule: Any
) -> None:
    browser = Browser(create_app(control, "e", rule))
    before = len(node.heard)

    refused = browser.ask("POST", "/signup", {"email": ANN, "password": PASSWORD})

    assert (refused.status_code, refused.json()["code"]) == (403, "permission_denied")
    assert len(node.heard) == before


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"email": "ann", "password": PASSWORD}, "email must be an address"),
        ({"email": "a b@example.com", "password": PASSWORD}, "email must be an address"),
        ({"email": f"{'a' * 64}@{'b' * 190}.com", "password": PASSWORD}, "at most 254"),
        ({"email": ANN, "password": "short"}, "password must be 10 to 256"),
        ({"email": ANN, "password": "x" * 257}, "password must be 10 to 256"),
        ({"email": ANN, "password": ANN.upper()}, "must not be the e-mail address"),
        ({"email": ANN, "password": PASSWORD, "account_name": " "}, "name must not be blank"),
        ({"email": ANN, "password": PASSWORD, "card": "1"}, "card: Extra inputs"),
        ({"email": ANN}, "password: Field required"),
    ],
)
def test_a_sign_up_that_cannot_be_leaves_nothing_behind(
    browser: Browser, control: Control, wanted: object, message: str
) -> None:
    refused = browser.ask("POST", "/signup", wanted)

    assert refused.status_code == 400
    assert message in refused.json()["message"]
    with control.read() as tx:
        assert tx.db.scalar("SELECT count(*) FROM users") == 0


def test_an_address_is_taken_once(ann: Browser) -> None:
    answer = Browser(ann.app).ask("POST", "/signup", {"email": ANN.upper(), "password": PASSWORD})

    assert (answer.status_code, answer.json()["code"]) == (409, "already_exists")


def test_the_cookie_is_out_of_reach_and_stays_on_its_site(app: Starlette) -> None:
    plain, secure = Browser(app), Browser(app, scheme="https")
    plain.sign_up()

    cookie = plain.sign_in().headers["set-cookie"]
    over_tls = secure.sign_in().headers["set-cookie"]

    assert cookie.startswith("attimo_session=")
    assert over_tls.startswith("__Host-attimo_session=")
    for each in (cookie, over_tls):
        assert {"HttpOnly", "Path=/", "SameSite=lax"} <= set(each.split("; "))
    assert "Secure" in over_tls.split("; ")
    assert "Secure" not in cookie.split("; ")


def test_whoever_changes_something_shows_that_the_user_wants_it(ann: Browser) -> None:
    csrf = ann.csrf
    for wrong in ("", "x", csrf[:-1]):
        ann.csrf = wrong
        assert ann.ask("PUT", "/caches/forged").status_code == 403
        assert ann.ask("DELETE", "/session").status_code == 403
        assert ann.ask("GET", "/caches").status_code == 200
    ann.csrf = csrf
    ann.more = {"origin": "https://evil.example"}
    assert ann.ask("PUT", "/caches/forged").status_code == 403
    ann.more = {"origin": "http://app"}
    assert ann.ask("PUT", "/caches/mine").status_code == 201


def test_an_origin_is_compared_as_a_url_is(ann: Browser) -> None:
    """The same pairs as in `front/cors.rs`, on a connection without TLS."""
    account_id = ann.ask("GET", "/session").json()["account_id"]
    for origin, host, is_ours in [
        ("http://a:1", "a:1", True),
        ("https://a:1", "a:1", True),
        ("https://a", "A", True),
        ("https://A.Example", "a.example:443", True),
        ("http://a", "a:80", True),
        ("http://a:080", "a", True),
        ("http://a", "a:", True),
        ("http://%61", "a", True),
        ("http://[::1]:80", "[::1]", True),
        ("http://[FE80::1]:8080", "[fe80::1]:8080", True),
        ("https://a", "a:80", False),
        ("http://a", "a:443", False),
        ("http://a:0", "a", False),
        ("http://a", "a.", False),
        ("http://a:1", "a", False),
        ("https://a", "a.b", False),
        ("https://a.b", "a", False),
        ("ftp://a", "a", False),
        ("null", "a", False),
        ("null", "", False),
        ("https://", "a", False),
        ("https://", "", False),
        ("http://[::1]:8080", "[::1]", False),
    ]:
        ann.more = {"origin": origin, "host": host}
        answer = ann.ask("PUT", "/session", {"account_id": account_id})
        assert answer.status_code == (200 if is_ours else 403), (origin, host)


def test_over_tls_no_page_of_plaintext_uses_a_session(app: Starlette) -> None:
    bob = Browser(app, scheme="https")
    bob.sign_up(BOB)

    for origin, status in (("http://app", 403), ("https://app:443", 204)):
        bob.more = {"origin": origin}
        assert bob.ask("DELETE", "/session").status_code == status


def test_a_session_is_new_at_every_sign_in_and_ends_at_sign_out(ann: Browser) -> None:
    before = dict(ann.cookies)
    other = Browser(ann.app, cookies=dict(before))

    assert other.sign_in().status_code == 201
    assert other.cookies != before

    assert ann.ask("DELETE", "/session").status_code == 204
    assert Browser(ann.app, cookies=before).ask("GET", "/session").status_code == 401
    assert other.ask("GET", "/session").status_code == 200


def test_signing_out_everywhere_ends_every_session(ann: Browser) -> None:
    other = Browser(ann.app)
    other.sign_in()

    assert ann.ask("DELETE", "/session?everywhere=true").status_code == 204

    assert other.ask("GET", "/session").status_code == 401


@pytest.mark.parametrize("cookie", ["", "x", "\x7f", "a" * 5_000])
def test_a_cookie_that_is_none_of_ours_is_nobodys(ann: Browser, cookie: str) -> None:
    stranger = Browser(ann.app, cookies={"attimo_session": cookie})

    assert stranger.ask("GET", "/caches").status_code == 401


def test_a_changed_password_ends_every_session(ann: Browser) -> None:
    other = Browser(ann.app)
    other.sign_in()
    wanted = {"old_password": OTHER, "password": OTHER}
    assert ann.ask("PUT", "/password", wanted).status_code == 401

    assert ann.ask("PUT", "/password", wanted | {"old_password": PASSWORD}).status_code == 204

    assert [each.ask("GET", "/session").status_code for each in (ann, other)] == [401, 401]
    assert ann.sign_in().status_code == 401
    assert ann.sign_in(password=OTHER).status_code == 201


def test_a_forgotten_password_is_replaced_once_within_an_hour(
    ann: Browser, post: Post, clock: Clock
) -> None:
    stranger = Browser(ann.app)
    answers = [stranger.ask("POST", "/password/forgotten", {"email": who}) for who in (ANN, EVE)]
    assert [(each.status_code, each.content) for each in answers] == [(202, b"null")] * 2
    assert [to for to, _, _ in post.letters] == [ANN]
    token = post.token(ANN)

    reset = {"token": token, "password": OTHER}
    assert stranger.ask("POST", "/password/reset", reset | {"password": "x"}).status_code == 400
    assert stranger.ask("POST", "/password/reset", reset).status_code == 204
    assert stranger.ask("POST", "/password/reset", reset).status_code == 401
    assert ann.ask("GET", "/session").status_code == 401
    assert ann.sign_in(password=OTHER).status_code == 201

    stranger.ask("POST", "/password/forgotten", {"email": ANN})
    clock.now += 3_600
    late = {"token": post.token(ANN), "password": PASSWORD}
    assert stranger.ask("POST", "/password/reset", late).status_code == 401


@pytest.mark.sqlite
def test_no_secret_is_in_the_database_or_in_a_repr(
    ann: Browser, control: Control, post: Post, home: Path
) -> None:
    ann.ask("POST", "/invitations", {"email": BOB})
    ann.ask("POST", "/password/forgotten", {"email": ANN})
    secrets = [PASSWORD, *ann.cookies.values(), *(post.token(who) for who in (ANN, BOB))]

    with control.read() as tx:
        session = sessions.of_token(tx, ann.cookies["attimo_session"])
    kept = b"".join(path.read_bytes() for path in home.glob("attimo.db*"))

    assert all(len(secret) > 9 for secret in secrets)
    assert ANN.encode() in kept
    assert not [each for each in secrets if each.encode() in kept or each in repr(session)]
