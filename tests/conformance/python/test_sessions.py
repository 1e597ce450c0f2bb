"""The token of somebody who has signed in opens data and control, as far as their role goes."""

import itertools
import warnings
from collections.abc import Callable, Iterator

import grpc
import httpx
import pytest
from momento import AuthClient, CacheClient, CredentialProvider
from momento.auth.access_control.disposable_token_scopes import DisposableTokenScopes
from momento.config.auth_configurations import AuthConfigurations
from momento.errors import MomentoErrorCode
from momento.responses import CacheGet, CacheSet, CreateCache, GenerateDisposableToken, ListCaches
from momento.utilities.expiration import ExpiresIn

from attimo.control import users
from conformance.people import PASSWORD, Person
from conformance.python.clients import MINUTE, error_of, expect, roomy, with_token
from conformance.wire import Wire, plaintext, refusal
from faults.watching import eventually
from harness import Server, as_v1

CACHE = "default-cache"
DENIED = grpc.StatusCode.PERMISSION_DENIED
UNAUTHENTICATED = grpc.StatusCode.UNAUTHENTICATED
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def open_server() -> Iterator[Server]:
    """A server where people come and go."""
    with Server("--signup", "open", "--collect-seconds", "0.2") as server:
        yield server


@pytest.fixture(scope="module")
def door(open_server: Server) -> Iterator[grpc.Channel]:
    with plaintext(open_server.http_address) as channel:
        yield channel


@pytest.fixture(scope="module")
def ann(open_server: Server) -> Person:
    """The owner of an account."""
    return Person(open_server, "ann@example.com").sign_up()


@pytest.fixture
def guest(ann: Person) -> Person:
    """Somebody new at Ann's account, who may do everything but manage it."""
    return ann.invite(f"guest-{next(_numbers)}@example.com", "operator")


def from_string(token: str) -> CredentialProvider:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return CredentialProvider.from_string(token)


def provider(server: Server, token: str, how: str) -> CredentialProvider:
    """The SDK's provider with the token as it is, or as the older clients have it."""
    sent = token if how == "bare" else as_v1(token, server.endpoint)
    return with_token(server.http_address, sent)


@pytest.mark.parametrize("how", ["bare", "wrapped"])
def test_momentos_client_takes_it_for_data_and_control(
    open_server: Server, ann: Person, how: str
) -> None:
    name = f"made-{how}"
    with CacheClient(roomy(), provider(open_server, ann.token, how), MINUTE) as client:
        expect(client.create_cache(name), CreateCache.Success)
        expect(client.set(name, "k", "v"), CacheSet.Success)
        assert expect(client.get(name, "k"), CacheGet.Hit).value_string == "v"
        listed = expect(client.list_caches(), ListCaches.Success)
    assert name in {each.name for each in listed.caches}


@pytest.mark.parametrize("how", ["bare", "wrapped"])
def test_the_wire_and_every_way_of_http_take_it(ann: Person, door: grpc.Channel, how: str) -> None:
    token = ann.token if how == "bare" else as_v1(ann.token, ann.server.endpoint)
    Wire(door, token, CACHE).set(b"http", b"v")
    ways: list[dict[str, object]] = [
        {"headers": {"authorization": token}},
        {"headers": {"authorization": f"Bearer {token}"}},
        {"auth": ("", token)},
        {"params": {"token": token}},
    ]

    for way in ways:
        for path in (f"/cache/{CACHE}/http", "/caches", "/session", "/openapi.json"):
            answer = httpx.get(f"{ann.server.http}{path}", **way)  # type: ignore[arg-type]
            assert answer.status_code == 200, (way, path, answer.text)
    made = httpx.put(f"{ann.server.http}/caches/by-{how}", headers={"authorization": token})
    assert made.status_code == 201


def test_a_page_of_another_origin_that_has_the_token_is_let_in_as_with_a_key(ann: Person) -> None:
    headers = {"authorization": ann.token, "origin": "https://console.example"}

    made = httpx.put(f"{ann.server.http}/caches/of-a-page", headers=headers)

    assert made.status_code == 201
    assert httpx.put(
        f"{ann.server.http}/caches/no", headers={"origin": "https://x.example"}
    ).is_error


def test_it_may_no_more_than_its_member(ann: Person, door: grpc.Channel) -> None:
    viewer = ann.invite("viewer@example.com", "viewer")
    Wire(door, ann.token, CACHE).set(b"seen", b"v")
    wire = Wire(door, viewer.token, CACHE)

    assert wire.get(b"seen") == b"v"
    assert wire.list_caches().cache
    for call in (lambda: wire.set(b"seen", b"w"), lambda: wire.create_cache("never")):
        assert refusal(call).code is DENIED
    headers = {"authorization": viewer.token}
    asked: list[tuple[str, str, object]] = [
        ("PUT", f"/cache/{CACHE}/seen", "w"),
        ("DELETE", f"/cache/{CACHE}/seen", None),
        ("PUT", "/caches/never", None),
        ("POST", "/api-keys", {"description": "d"}),
        ("PUT", f"/members/{viewer.user_id()}", {"role_id": "owner"}),
        ("DELETE", f"/members/{ann.user_id()}", None),
        ("POST", "/invitations", {"email": "eve@example.com", "role_id": "owner"}),
    ]
    with httpx.Client(base_url=ann.server.http, headers=headers) as http:
        answers = [http.request(method, path, json=body) for method, path, body in asked]
        assert [each.status_code for each in answers] == [403] * len(asked)
        assert http.get("/members").status_code == 200
    assert wire.get(b"seen") == b"v"


def test_the_caches_of_another_account_are_not_there(
    ann: Person, open_server: Server, door: grpc.Channel
) -> None:
    Wire(door, ann.token).create_cache("only-anns")
    eve = Person(open_server, "eve@example.com").sign_up()

    assert refusal(lambda: Wire(door, eve.token, "only-anns").get(b"k")).code is (
        grpc.StatusCode.NOT_FOUND
    )


def sign_out(ann: Person, guest: Person) -> None:
    guest.ask("DELETE", "/session")


def sign_out_everywhere(ann: Person, guest: Person) -> None:
    Person(guest.server, guest.email).sign_in().ask("DELETE", "/session?everywhere=true")


def remove(ann: Person, guest: Person) -> None:
    ann.ask("DELETE", f"/members/{guest.user_id()}")


def change_password(ann: Person, guest: Person) -> None:
    wanted = {"old_password": PASSWORD, "password": f"another {PASSWORD}"}
    guest.ask("PUT", "/password", wanted)


@pytest.mark.parametrize("end", [sign_out, sign_out_everywhere, remove, change_password])
def test_it_ends_with_the_session_on_open_connections(
    ann: Person, guest: Person, door: grpc.Channel, end: Callable[[Person, Person], None]
) -> None:
    wire = Wire(door, guest.token, CACHE)
    headers = {"authorization": guest.token}
    with httpx.Client(base_url=ann.server.http, headers=headers) as http:
        wire.set(b"open", b"v")
        assert http.get(f"/cache/{CACHE}/open").status_code == 200
        assert http.get("/caches").status_code == 200

        end(ann, guest)

        for call in (lambda: wire.get(b"open"), wire.list_caches, lambda: wire.create_cache("no")):
            assert refusal(call).code is UNAUTHENTICATED
        paths = (f"/cache/{CACHE}/open", "/caches", "/session")
        assert [http.get(path).status_code for path in paths] == [401] * 3
        assert http.put("/caches/no").status_code == 401


def test_a_demotion_narrows_it_on_open_connections(
    ann: Person, guest: Person, door: grpc.Channel
) -> None:
    wire = Wire(door, guest.token, CACHE)
    wire.set(b"demoted", b"v")
    wire.create_cache(f"before-{guest.email}")

    ann.ask("PUT", f"/members/{guest.user_id()}", {"role_id": "viewer"})

    assert wire.get(b"demoted") == b"v"
    assert refusal(lambda: wire.set(b"demoted", b"w")).code is DENIED
    assert refusal(lambda: wire.create_cache("after")).code is DENIED


def test_another_account_is_meant_after_a_switch(
    ann: Person, open_server: Server, door: grpc.Channel
) -> None:
    owner = Person(open_server, f"owner-{next(_numbers)}@example.com").sign_up()
    own = owner.ask("GET", "/session")["account_id"]
    Wire(door, owner.token, CACHE).set(b"whose", b"own")
    Wire(door, ann.token, CACHE).set(b"whose", b"ann's")
    both = ann.invite(owner.email, "viewer")
    wire = Wire(door, both.token, CACHE)
    assert wire.get(b"whose") == b"ann's"

    headers = {"authorization": both.token}
    switched = httpx.put(f"{open_server.http}/session", json={"account_id": own}, headers=headers)

    assert switched.json()["account_id"] == own
    assert wire.get(b"whose") == b"own"
    wire.set(b"whose", b"own still")
    assert Wire(door, ann.token, CACHE).get(b"whose") == b"ann's"


def test_a_user_without_an_account_may_sign_out_and_nothing_else(
    ann: Person, guest: Person, door: grpc.Channel
) -> None:
    remove(ann, guest)
    guest.sign_in()
    wire = Wire(door, guest.token, CACHE)

    assert refusal(lambda: wire.get(b"k")).code is DENIED
    assert refusal(wire.list_caches).code is UNAUTHENTICATED
    with httpx.Client(base_url=ann.server.http, headers={"authorization": guest.token}) as http:
        assert http.get("/session").json()["accounts"] == []
        assert http.get(f"/cache/{CACHE}/k").status_code == 403
        assert http.put("/caches/no").status_code == 401
        assert http.delete("/session").status_code == 204
        assert http.get("/session").status_code == 401


FORGED: dict[str, Callable[[str], str]] = {
    "one letter less": lambda token: token[1:],
    "one letter more": lambda token: f"{token}A",
    "another": lambda token: token[::-1],
    "other letters": lambda token: token.swapcase(),
    "its hash": lambda token: users.digest(token).hex(),
    "wrapped twice": lambda token: as_v1(as_v1(token, "e"), "e"),
    "like a JWT": lambda token: f"{token}.{token}.{token}",
    "no text": lambda token: "ä" * 22,
    "endless": lambda token: token * 100,
}


@pytest.mark.parametrize("name", FORGED)
def test_what_is_no_token_opens_nothing(ann: Person, name: str) -> None:
    forged = FORGED[name](ann.token)
    headers = {b"authorization": forged.encode()}
    with httpx.Client(base_url=ann.server.http, headers=headers) as http:
        asked = [("GET", f"/cache/{CACHE}/k"), ("GET", "/caches"), ("PUT", "/caches/no")]
        assert [http.request(*each).status_code for each in asked] == [401] * 3


def test_no_client_can_say_whose_session_it_is(ann: Person, open_server: Server) -> None:
    said = {"attimo-session": users.digest(ann.token).hex(), "attimo-account": "1"}

    refused = httpx.put(f"{open_server.http}/caches/no", headers=said)
    as_owner = httpx.get(
        f"{open_server.http}/audit", headers=said | {"authorization": open_server.api_key}
    )

    assert refused.status_code == 401
    assert ann.email not in as_owner.text


def test_momentos_auth_client_makes_tokens_with_it(
    open_server: Server, ann: Person, guest: Person, door: grpc.Channel
) -> None:
    scope = DisposableTokenScopes.cache_key_prefix_read_write(CACHE, "vended/")
    with AuthClient(
        AuthConfigurations.Laptop.latest(), provider(open_server, guest.token, "bare")
    ) as auth:
        made = auth.generate_disposable_token(scope, ExpiresIn.minutes(5))
        token = from_string(expect(made, GenerateDisposableToken.Success).auth_token).auth_token
        wire = Wire(door, token, CACHE)
        wire.set(b"vended/1", b"v")

        remove(ann, guest)

        assert refusal(lambda: wire.get(b"vended/1")).code is UNAUTHENTICATED
        refused = auth.generate_disposable_token(scope, ExpiresIn.minutes(5))
    assert error_of(refused) is MomentoErrorCode.AUTHENTICATION_ERROR


def test_its_use_is_counted_as_a_sessions(
    ann: Person, open_server: Server, door: grpc.Channel
) -> None:
    Wire(door, ann.token).create_cache("counted")
    wire = Wire(door, ann.token, "counted")
    wire.set(b"k", b"v")
    wire.get(b"k")

    def is_counted() -> bool:
        told = ann.ask("GET", "/usage?group_by=key,api&cache=counted")["usage"]
        lines = {line["api"]: line["requests"] for line in told if line["key"] == "session"}
        return lines == {"Set": 1, "Get": 1}

    eventually(is_counted, "both requests are in the ledger")
