"""Sign-up where the server sends e-mail: the address is confirmed before anything exists."""

import pytest
from starlette.applications import Starlette

from attimo.api import create_app, mail_limits
from attimo.control import Control, sign_ups, users
from attimo.errors import Unauthenticated
from browsers import ANN, BOB, PASSWORD, Browser, Post
from fakes import Clock, Listener


@pytest.fixture
def app(control: Control, post: Post) -> Starlette:
    return create_app(control, "cache.example.com", "open", post.send, has_mail=True)


def begin(browser: Browser, email: str = ANN, peer: str = "192.0.2.7") -> int:
    browser.peer = peer
    asked = {"email": email, "account_name": "Shop"}
    return browser.ask("POST", "/signup/begin", asked).status_code


def confirm(browser: Browser, token: str, password: str = PASSWORD) -> int:
    asked = {"token": token, "password": password}
    return browser.ask("POST", "/signup/confirm", asked).status_code


def rows(control: Control, table: str) -> int:
    with control.read() as tx:
        return int(str(tx.db.scalar(f"SELECT count(*) FROM {table}")))  # noqa: S608


def test_nothing_exists_before_the_address_is_confirmed_and_everything_after(
    browser: Browser, control: Control, post: Post, node: Listener
) -> None:
    before = rows(control, "accounts")
    assert begin(browser, "Ann@Example.com ") == 202
    assert (rows(control, "users"), rows(control, "accounts")) == (0, before)
    assert browser.cookies == {}

    assert confirm(browser, post.token(ANN)) == 201

    shown = browser.ask("GET", "/session").json()
    assert (shown["email"], shown["accounts"][0]["account_name"]) == (ANN, "Shop")
    assert node.names(shown["account_id"]) == {"default-cache"}
    assert rows(control, "sign_ups") == 0


def test_a_link_is_good_once_and_for_a_day(browser: Browser, clock: Clock, post: Post) -> None:
    begin(browser)
    late = post.token(ANN)
    clock.now += sign_ups.SECONDS
    assert confirm(browser, late) == 401
    begin(browser)
    clock.now += sign_ups.SECONDS - 1

    assert confirm(browser, "guessed") == 401
    assert confirm(browser, post.token(ANN)) == 201
    assert confirm(browser, post.token(ANN)) == 401


def test_every_link_of_an_address_works_until_one_is_used(browser: Browser, post: Post) -> None:
    begin(browser)
    first = post.token(ANN)
    begin(browser)

    assert confirm(browser, first) == 201
    assert confirm(browser, post.token(ANN)) == 401


def test_a_token_is_stored_as_a_hash_only(browser: Browser, control: Control, post: Post) -> None:
    begin(browser)
    with control.read() as tx:
        ((hash, email),) = tx.db.rows("SELECT hash, email FROM sign_ups")

    assert (hash, email) == (users.digest(post.token(ANN)), ANN)


def test_a_stranger_is_not_told_whether_an_address_has_a_user(
    browser: Browser, app: Starlette, control: Control, post: Post
) -> None:
    begin(browser)
    confirm(browser, post.token(ANN))
    stranger = Browser(app, "198.51.100.7")
    answers = [
        stranger.ask("POST", "/signup/begin", {"email": email}) for email in (ANN.upper(), BOB)
    ]

    assert [(each.status_code, each.text) for each in answers] == [(202, "null")] * 2
    assert [to for to, _, _ in post.letters] == [ANN, ANN, BOB]
    known = post.letters[1][2]
    assert "You can sign in there already" in known
    assert "token" not in known
    assert rows(control, "sign_ups") == 1


def test_who_has_joined_meanwhile_has_their_user(
    browser: Browser, app: Starlette, control: Control, post: Post
) -> None:
    begin(browser)
    token = post.token(ANN)
    with control.begin() as tx:
        users.create(tx, ANN, "hash")

    before = rows(control, "accounts")
    assert confirm(browser, token) == 409
    assert rows(control, "accounts") == before


def test_an_address_and_a_network_get_so_many_links(
    browser: Browser, clock: Clock, post: Post
) -> None:
    of_address = [begin(browser, ANN, f"198.51.{number}.7") for number in range(6)]
    of_network = [begin(browser, f"{number}@example.com", "203.0.113.1") for number in range(7)]

    most = mail_limits.ADDRESS_HOUR
    assert of_address == [202] * most + [429]
    assert of_network == [202] * 5 + [429] * 2
    clock.now += mail_limits.HOUR
    assert begin(browser, ANN, "198.51.100.7") == 202


def test_a_refused_password_or_name_leaves_the_link_good(
    browser: Browser, control: Control, post: Post
) -> None:
    unfit = browser.ask("POST", "/signup/begin", {"email": ANN, "account_name": "id:7"})
    assert (unfit.status_code, post.letters) == (400, [])
    begin(browser)
    token = post.token(ANN)

    assert confirm(browser, token, "short") == 400
    assert confirm(browser, token, ANN) == 400
    assert rows(control, "users") == 0
    assert confirm(browser, token) == 201


def test_sign_ups_that_wait_are_bounded_and_the_oldest_give_way(
    control: Control, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sign_ups, "MOST", 3)
    tokens = []
    for number in range(5):
        with control.begin() as tx:
            tokens.append(sign_ups.begin(tx, f"{number}@example.com", None) or "")

    with control.read() as tx:
        for token in tokens[2:]:
            sign_ups.of_token(tx, token)
        for token in tokens[:2]:
            with pytest.raises(Unauthenticated):
                sign_ups.of_token(tx, token)


def test_each_server_has_one_way_to_sign_up(browser: Browser, control: Control, post: Post) -> None:
    asked = {"email": ANN, "password": PASSWORD}
    at_once = browser.ask("POST", "/signup", asked)
    without_mail = Browser(create_app(control, "e", "open"))
    begun = without_mail.ask("POST", "/signup/begin", {"email": ANN})

    assert (at_once.status_code, begun.status_code) == (412, 412)
    assert "POST /signup/begin" in at_once.json()["message"]
    assert "POST /signup" in begun.json()["message"]
    assert rows(control, "users") == 0


def test_a_server_that_is_closed_meanwhile_creates_nothing(
    browser: Browser, control: Control, post: Post
) -> None:
    begin(browser)
    closed = Browser(create_app(control, "e", "closed", post.send, has_mail=True))

    assert (begin(closed, BOB), confirm(closed, post.token(ANN))) == (403, 403)
    assert rows(control, "users") == 0
