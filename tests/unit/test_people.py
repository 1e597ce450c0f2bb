"""Sign-up, sessions, members and passwords, as a browser or a script meets them."""

import asyncio
import json
import statistics
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from attimo.api import create_app
from attimo.api.throttle import FREE, LONGEST_PAUSE, MOST_SOURCES, PER_MINUTE, Throttle
from attimo.control import Control, sessions
from attimo.errors import TooManyAttempts
from fakes import NOON, Client, Clock, Listener

PASSWORD = "correct horse battery"  # noqa: S105
OTHER = "staple battery horse"
ANN, BOB, EVE = "ann@example.com", "bob@example.com", "eve@example.com"


@dataclass
class Browser:
    """Keeps cookies and says the CSRF token, as a console would."""

    app: FastAPI
    peer: str = "192.0.2.7"
    scheme: str = "http"
    cookies: dict[str, str] = field(default_factory=dict)
    csrf: str = ""
    more: dict[str, str] = field(default_factory=dict)

    def ask(self, method: str, path: str, body: object = None) -> httpx.Response:
        headers = {
            "content-type": "application/json",
            "attimo-peer": self.peer,
            "attimo-scheme": self.scheme,
            "x-csrf-token": self.csrf,
            "cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
        }
        content = None if body is None else json.dumps(body)
        url = f"http://app{path}"
        request = httpx.Request(method, url, headers=headers | self.more, content=content)
        answer = asyncio.run(self._send(request))
        for name, value in answer.cookies.items():
            self.cookies[name] = value
        if answer.is_success and "csrf_token" in answer.text:
            self.csrf = answer.json()["csrf_token"]
        return answer

    async def _send(self, request: httpx.Request) -> httpx.Response:
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport) as client:
            return await client.send(request)

    def sign_up(self, email: str = ANN) -> dict[str, Any]:
        answer = self.ask("POST", "/signup", {"email": email, "password": PASSWORD})
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    def sign_in(self, email: str = ANN, password: str = PASSWORD) -> httpx.Response:
        return self.ask("POST", "/session", {"email": email, "password": password})


@dataclass
class Post:
    """Takes e-mail in."""

    letters: list[tuple[str, str, str]] = field(default_factory=list)

    def send(self, to: str, subject: str, text: str) -> None:
        self.letters.append((to, subject, text))

    def token(self, to: str) -> str:
        """The token in the newest e-mail to an address."""
        text = [text for address, _, text in self.letters if address == to][-1]
        return text.partition('"token": "')[2].partition('"')[0]


@pytest.fixture
def post() -> Post:
    return Post()


@pytest.fixture
def app(control: Control, post: Post) -> FastAPI:
    return create_app(control, "cache.example.com", "open", post.send)


@pytest.fixture
def browser(app: FastAPI) -> Browser:
    return Browser(app)


@pytest.fixture
def ann(browser: Browser) -> Browser:
    """The owner of a new account, signed in."""
    browser.sign_up()
    return browser


def joined(ann: Browser, post: Post, email: str, role_id: str = "viewer") -> Browser:
    """Somebody whom Ann has invited and who has come."""
    invited = ann.ask("POST", "/invitations", {"email": email, "role_id": role_id})
    assert invited.status_code == 201, invited.text
    guest = Browser(ann.app)
    accepted = guest.ask(
        "POST", "/invitations/accept", {"token": post.token(email), "password": PASSWORD}
    )
    assert accepted.status_code == 200, accepted.text
    return guest


def test_one_request_makes_an_account_a_cache_and_a_key(browser: Browser, node: Listener) -> None:
    made = browser.sign_up("Ann@Example.com ")

    assert made["endpoint"] == "cache.example.com"
    assert node.names(made["account_id"]) == {"default-cache"}
    (key,) = [key for key in node.api_keys.values() if key.account_id == made["account_id"]]
    assert key.role_id == "owner"
    shown = browser.ask("GET", "/session").json()
    assert (shown["email"], shown["account_id"]) == (ANN, made["account_id"])
    assert shown["accounts"] == [
        {"account_id": made["account_id"], "account_name": ANN, "role_id": "owner"}
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
        ({"email": ANN, "password": PASSWORD, "account_name": " "}, "name must be"),
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
        assert tx.db.exec_driver_sql("SELECT count(*) FROM users").scalar() == 0


def test_an_address_is_taken_once(ann: Browser) -> None:
    answer = Browser(ann.app).ask("POST", "/signup", {"email": ANN.upper(), "password": PASSWORD})

    assert (answer.status_code, answer.json()["code"]) == (409, "already_exists")


def test_the_cookie_is_out_of_reach_and_stays_on_its_site(app: FastAPI) -> None:
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


def test_a_session_ends_by_itself(ann: Browser, clock: Clock) -> None:
    clock.now = NOON + sessions.SECONDS - 1
    assert ann.ask("GET", "/caches").status_code == 200

    clock.now += 1

    assert ann.ask("GET", "/caches").status_code == 401


@pytest.mark.parametrize("cookie", ["", "x", "\x7f", "a" * 5_000])
def test_a_cookie_that_is_none_of_ours_is_nobodys(ann: Browser, cookie: str) -> None:
    stranger = Browser(ann.app, cookies={"attimo_session": cookie})

    assert stranger.ask("GET", "/caches").status_code == 401


def test_guests_come_by_invitation_and_may_what_they_were_given(ann: Browser, post: Post) -> None:
    bob = joined(ann, post, BOB)

    assert bob.ask("GET", "/caches").status_code == 200
    assert bob.ask("PUT", "/caches/bobs").status_code == 403
    listed = ann.ask("GET", "/members").json()["members"]
    assert [(each["email"], each["role_id"]) for each in listed] == [
        (ANN, "owner"),
        (BOB, "viewer"),
    ]
    assert ann.ask("GET", "/invitations").json() == {"invitations": []}


def test_an_invitation_is_good_once_for_a_week_and_until_it_is_taken_back(
    ann: Browser, post: Post, clock: Clock
) -> None:
    bob = joined(ann, post, BOB)
    used = post.token(BOB)
    ann.ask("POST", "/invitations", {"email": EVE})
    again = ann.ask("POST", "/invitations", {"email": EVE}).json()
    taken_back = post.token(EVE)
    listed = ann.ask("GET", "/invitations").json()["invitations"]
    assert [each["invitation_id"] for each in listed] == [again["invitation_id"]]
    assert taken_back not in json.dumps(listed)
    path = f"/invitations/{again['invitation_id']}"
    assert [ann.ask("DELETE", path).status_code for _ in range(2)] == [204, 404]
    ann.ask("POST", "/invitations", {"email": EVE})
    late = post.token(EVE)
    clock.now += 7 * 86_400

    for token in (used, taken_back, late, "x"):
        answer = bob.ask("POST", "/invitations/accept", {"token": token, "password": PASSWORD})
        assert answer.status_code == 401


def test_a_user_of_another_account_accepts_with_the_password_there_is(
    ann: Browser, post: Post
) -> None:
    bob = Browser(ann.app)
    own = bob.sign_up(BOB)["account_id"]
    ann.ask("POST", "/invitations", {"email": BOB})
    wanted = {"token": post.token(BOB), "password": OTHER}
    assert bob.ask("POST", "/invitations/accept", wanted).status_code == 401

    answer = bob.ask("POST", "/invitations/accept", wanted | {"password": PASSWORD}).json()

    shown = bob.ask("GET", "/session").json()
    assert shown["account_id"] == answer["account_id"] != own
    assert {each["account_id"] for each in shown["accounts"]} == {own, answer["account_id"]}
    assert bob.ask("PUT", "/session", {"account_id": own}).json()["account_id"] == own
    assert bob.ask("PUT", "/caches/mine").status_code == 201
    assert bob.ask("PUT", "/session", {"account_id": 99}).status_code == 404


def test_a_closed_server_takes_no_new_users_even_if_they_are_invited(
    control: Control, post: Post, ann: Browser
) -> None:
    ann.ask("POST", "/invitations", {"email": BOB})
    closed = Browser(create_app(control, "e", "closed", post.send))

    wanted = {"token": post.token(BOB), "password": PASSWORD}

    assert closed.ask("POST", "/invitations/accept", wanted).status_code == 403


def test_the_last_owner_can_neither_leave_nor_be_demoted(ann: Browser, post: Post) -> None:
    me = ann.ask("GET", "/session").json()["user_id"]
    for method, body in [("PUT", {"role_id": "viewer"}), ("DELETE", None)]:
        refused = ann.ask(method, f"/members/{me}", body)
        assert (refused.status_code, refused.json()["code"]) == (412, "failed_precondition")

    joined(ann, post, BOB, "owner")

    assert ann.ask("PUT", f"/members/{me}", {"role_id": "viewer"}).status_code == 200
    assert ann.ask("PUT", f"/members/{me}", {"role_id": "owner"}).status_code == 403
    assert ann.ask("DELETE", f"/members/{me}").status_code == 204
    assert ann.ask("GET", "/caches").status_code == 401


def test_nobody_makes_himself_or_others_more_than_he_is(ann: Browser, post: Post) -> None:
    me = ann.ask("GET", "/session").json()["user_id"]
    rules = [
        {"type": "account_management", "permissions": ["read", "write", "list"]},
        {"type": "cache", "permissions": ["read"], "caches": "*", "items": "*"},
    ]
    role = {"role_name": "host", "permissions": {"rules": rules}}
    role_id = ann.ask("POST", "/roles", role).json()["role_id"]
    bob = joined(ann, post, BOB, role_id)
    himself = bob.ask("GET", "/session").json()["user_id"]

    for method, path, body in [
        ("PUT", f"/members/{himself}", {"role_id": "owner"}),
        ("PUT", f"/members/{me}", {"role_id": role_id}),
        ("DELETE", f"/members/{me}", None),
        ("POST", "/invitations", {"email": EVE, "role_id": "owner"}),
        ("POST", "/invitations", {"email": EVE, "role_id": "viewer"}),
    ]:
        assert bob.ask(method, path, body).status_code == 403, path
    assert bob.ask("POST", "/invitations", {"email": EVE, "role_id": role_id}).status_code == 201
    blocked = ann.ask("DELETE", f"/roles/{role_id}").json()
    assert (blocked["status"], blocked["account_members"], blocked["invitations"]) == (
        "blocked",
        1,
        1,
    )


def test_members_of_another_account_are_nobody_here(ann: Browser, owner: Client) -> None:
    me = ann.ask("GET", "/session").json()["user_id"]

    assert owner.ask("GET", "/members").json() == {"members": []}
    assert owner.ask("PUT", f"/members/{me}", {"role_id": "viewer"}).status_code == 404
    assert owner.ask("DELETE", f"/members/{me}").status_code == 404


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


def test_whoever_guesses_must_wait_and_the_owner_elsewhere_need_not(
    ann: Browser, clock: Clock
) -> None:
    guesser = Browser(ann.app, peer="203.0.113.9")
    for _ in range(FREE):
        assert guesser.sign_in(password=OTHER).status_code == 401

    refused = guesser.sign_in()

    assert (refused.status_code, refused.json()["code"]) == (429, "resource_exhausted")
    assert refused.headers["retry-after"] == "2"
    assert ann.sign_in().status_code == 201
    clock.now += 2
    assert guesser.sign_in().status_code == 201
    assert guesser.sign_in(password=OTHER).status_code == 401


def test_pauses_double_up_to_a_quarter_of_an_hour_and_then_all_is_forgiven(clock: Clock) -> None:
    throttle = Throttle(clock)
    for _ in range(FREE):
        throttle.attempt("a")
    pauses = []
    for _ in range(12):
        with pytest.raises(TooManyAttempts) as refused:
            throttle.attempt("a")
        pauses.append(refused.value.retry_after)
        clock.now += pauses[-1]
        throttle.attempt("a")

    assert pauses[:4] == [2, 4, 8, 16]
    assert pauses[-1] == LONGEST_PAUSE
    clock.now += 2 * LONGEST_PAUSE
    for _ in range(FREE):
        throttle.attempt("a")


def test_whoever_tries_many_names_from_one_address_must_wait_for_the_next_minute(
    ann: Browser, clock: Clock
) -> None:
    guesser = Browser(ann.app, peer="203.0.113.9")
    tries = [guesser.sign_in(f"{number}@example.com", "x") for number in range(PER_MINUTE)]
    assert {each.status_code for each in tries} == {401}

    refused = guesser.sign_in()

    assert (refused.status_code, refused.headers["retry-after"]) == (429, "60")
    clock.now += 60
    assert guesser.sign_in().status_code == 201


def test_sources_are_forgotten_when_there_are_too_many(clock: Clock) -> None:
    throttle = Throttle(clock)
    for number in range(MOST_SOURCES + 10):
        throttle.attempt(str(number))

    assert len(throttle._sources) == MOST_SOURCES


def test_an_unknown_address_takes_as_long_as_a_known_one(ann: Browser, clock: Clock) -> None:
    """Interleaved, and compared by medians: what else the machine does meets both."""
    times: dict[str, list[float]] = {ANN: [], EVE: []}
    Browser(ann.app).sign_in(EVE, OTHER)  # the first one imports
    for _ in range(40):
        clock.now += 2 * LONGEST_PAUSE
        for who, spent in times.items():
            start = time.process_time()
            answer = Browser(ann.app).sign_in(who, OTHER)
            spent.append(time.process_time() - start)
            assert answer.json()["message"] == "The e-mail address or the password is wrong"

    known, unknown = (statistics.median(times[who]) for who in (ANN, EVE))

    assert 1 / 1.2 < known / unknown < 1.2


def test_no_secret_is_in_the_database_or_in_a_repr(
    ann: Browser, control: Control, post: Post
) -> None:
    ann.ask("POST", "/invitations", {"email": BOB})
    ann.ask("POST", "/password/forgotten", {"email": ANN})
    secrets = [PASSWORD, *ann.cookies.values(), *(post.token(who) for who in (ANN, BOB))]

    with control.read() as tx:
        session = sessions.of_token(tx, ann.cookies["attimo_session"])
        (_, _, file) = tx.db.exec_driver_sql("PRAGMA database_list").one()
    kept = b"".join(path.read_bytes() for path in Path(file).parent.glob("attimo.db*"))

    assert all(len(secret) > 9 for secret in secrets)
    assert ANN.encode() in kept
    assert not [each for each in secrets if each.encode() in kept or each in repr(session)]
