"""Who may come in. Whoever may not is told nothing else, not even whether a cache exists."""

import dataclasses
import time
from collections.abc import Callable, Iterator
from functools import partial

import grpc
import httpx
import pytest
from momento import CacheClient
from momento.errors import AuthenticationException
from momento.responses.mixins import ErrorResponseMixin

from conformance.accounts import Forger, Neighbours, another_signer, neighbours
from conformance.calls import CONTROLS, DATA, codes
from conformance.python.clients import MINUTE, roomy, with_token
from conformance.wire import Wire, plaintext, refusal

FORGED: dict[str, Callable[[Forger], str | None]] = {
    "missing": lambda forger: None,
    "empty": lambda forger: "",
    "no token": lambda forger: "not a token",
    "three letters": lambda forger: "a.b.c",
    "dots": lambda forger: "..",
    "cut off": lambda forger: forger.genuine[:-8],
    "longer": lambda forger: forger.genuine + "AAAA",
    "two parts": lambda forger: forger.genuine.rpartition(".")[0],
    "no signature": lambda forger: forger.genuine.rpartition(".")[0] + ".",
    "another signer": lambda forger: forger.token(sign=another_signer),
    "another signer, no kid": lambda forger: forger.token({"kid": None}, sign=another_signer),
    "a signature of zeros": lambda forger: forger.token(sign=lambda _: bytes(64)),
    "alg none": lambda forger: forger.token({"alg": "none"}, sign=lambda _: b""),
    "alg nOnE": lambda forger: forger.token({"alg": "nOnE"}, sign=lambda _: b""),
    "alg none, signed": lambda forger: forger.token({"alg": "none"}),
    "HS256 with the public key": lambda forger: forger.token(
        {"alg": "HS256"}, sign=forger.keyed_with_the_public_key
    ),
    "HMAC that calls itself EdDSA": lambda forger: forger.token(
        sign=forger.keyed_with_the_public_key
    ),
    "ES256 of zeros": lambda forger: forger.token({"alg": "ES256"}, sign=lambda _: bytes(64)),
    "unknown kid": lambda forger: forger.token({"kid": "unknown"}),
    "kid of another type": lambda forger: forger.token({"kid": 7}),
    "kid that is a path": lambda forger: forger.token(
        {"kid": "../../dev/null"}, sign=lambda _: b""
    ),
    "a key of its own": lambda forger: forger.token(
        {"kid": "mine", "jwk": {"kty": "OKP", "crv": "Ed25519", "x": "AA"}}, sign=another_signer
    ),
    "an extension that must be understood": lambda forger: forger.token(
        {"crit": ["exp-policy"], "exp-policy": "strict"}
    ),
    "unknown key id": lambda forger: forger.token(claims=forger.claims | {"id": "0" * 24}),
    "another account": lambda forger: forger.token(claims=forger.claims | {"acc": 2}),
    "no account": lambda forger: forger.token(claims=without(forger, "acc")),
    "no key id": lambda forger: forger.token(claims=without(forger, "id")),
    "over since 1970": lambda forger: forger.token(claims=forger.claims | {"exp": 1}),
    "over for an hour": lambda forger: forger.token(
        claims=forger.claims | {"exp": int(time.time()) - 3600}
    ),
    "over before it began": lambda forger: forger.token(claims=forger.claims | {"exp": -1}),
    "an end that is no number": lambda forger: forger.token(
        claims=forger.claims | {"exp": "9999999999"}
    ),
    "claims that are a list": lambda forger: forger.token(claims=["g"]),
}


def without(forger: Forger, claim: str) -> dict[str, object]:
    """The genuine claims but one."""
    return {name: value for name, value in forger.claims.items() if name != claim}


@pytest.fixture(scope="session")
def house() -> Iterator[Neighbours]:
    """Two accounts on one server."""
    with neighbours() as house:
        yield house


@pytest.fixture(scope="session")
def door(house: Neighbours) -> Iterator[grpc.Channel]:
    """A plaintext channel to that server."""
    with plaintext(house.server.http_address) as channel:
        yield channel


@pytest.fixture
def account(door: grpc.Channel, house: Neighbours) -> Iterator[Wire]:
    """The owner's calls, on a cache of the name `shared`."""
    wire = Wire(door, house.owner_key, "shared")
    wire.create_cache("shared")
    yield wire
    wire.delete_cache("shared")


@pytest.fixture
def neighbour(door: grpc.Channel, house: Neighbours) -> Wire:
    """The other account's calls, on a cache of the same name, which it does not have yet."""
    return Wire(door, house.neighbour_key, "shared")


@pytest.mark.parametrize("cache", ["default-cache", "no-such-cache"])
def test_a_forged_token_opens_nothing(door: grpc.Channel, house: Neighbours, cache: str) -> None:
    found = {
        name: codes(Wire(door, forge(house.forger), cache), [DATA[0], *CONTROLS])
        for name, forge in FORGED.items()
    }

    assert {name for name in found if found[name] != {grpc.StatusCode.UNAUTHENTICATED}} == set()


@pytest.mark.parametrize("cache", ["default-cache", "no-such-cache", None])
def test_every_method_asks_who_is_there(
    door: grpc.Channel, house: Neighbours, cache: str | None
) -> None:
    wire = Wire(door, house.forger.token(sign=another_signer), cache)

    assert codes(wire, [*DATA, *CONTROLS]) == {grpc.StatusCode.UNAUTHENTICATED}


@pytest.mark.parametrize("name", ["empty", "no token", "another signer", "over for an hour"])
def test_the_client_says_that_it_is_not_authenticated(house: Neighbours, name: str) -> None:
    token = FORGED[name](house.forger) or ""
    provider = with_token(house.server.http_address, token)

    with CacheClient(roomy(), provider, MINUTE) as client:
        answers = [
            client.get("default-cache", "key"),
            client.set("no-such-cache", "key", "value"),
            client.create_cache("never-made"),
            client.delete_cache("no-such-cache"),
            client.list_caches(),
        ]

    for answer in answers:
        assert isinstance(answer, ErrorResponseMixin)
        assert isinstance(answer.inner_exception, AuthenticationException)


def test_an_endless_token_opens_nothing_and_harms_nothing(
    door: grpc.Channel, house: Neighbours, account: Wire
) -> None:
    endless = Wire(door, "A" * 6_000 + "." + "B" * 500 + ".C", "default-cache")

    assert refusal(lambda: DATA[0].on(endless)).code is grpc.StatusCode.UNAUTHENTICATED
    assert account.get(b"key") is None


def test_a_key_ends_at_its_end(house: Neighbours, door: grpc.Channel) -> None:
    """Time is the promise here. The server has seen the key before, and must not remember it."""
    ends = int(time.time()) + 4
    key = new_key(house.server.http, house.owner_key, ends)["api_key"]
    wire = Wire(door, key, "default-cache")
    assert wire.get(b"no-such-key") is None

    time.sleep(max(0.0, ends - time.time()))

    assert refusal(lambda: wire.get(b"key")).code is grpc.StatusCode.UNAUTHENTICATED
    assert refusal(wire.list_caches).code is grpc.StatusCode.UNAUTHENTICATED


def test_a_revoked_key_is_refused_at_once(house: Neighbours, door: grpc.Channel) -> None:
    made = new_key(house.server.http, house.owner_key, "never")
    wire = Wire(door, made["api_key"], "default-cache")
    assert wire.get(b"no-such-key") is None
    assert wire.list_caches().cache

    answer = httpx.delete(
        f"{house.server.http}/api-keys/{made['key_id']}",
        headers={"authorization": house.owner_key},
    )

    assert answer.status_code == 200
    assert refusal(lambda: wire.get(b"key")).code is grpc.StatusCode.UNAUTHENTICATED
    assert refusal(wire.list_caches).code is grpc.StatusCode.UNAUTHENTICATED


def test_caches_of_one_name_are_two_caches(account: Wire, neighbour: Wire) -> None:
    neighbour.create_cache("shared")
    account.set(b"key", b"the owner's")
    neighbour.set(b"key", b"the neighbour's")

    assert account.get(b"key") == b"the owner's"
    assert neighbour.get(b"key") == b"the neighbour's"
    neighbour.flush_cache("shared")
    assert account.get(b"key") == b"the owner's"
    neighbour.delete_cache("shared")
    assert account.get(b"key") == b"the owner's"


def test_a_neighbours_cache_is_not_found(account: Wire, neighbour: Wire) -> None:
    assert codes(neighbour, DATA) == {grpc.StatusCode.NOT_FOUND}


def test_a_neighbours_cache_is_not_listed_flushed_or_deleted(
    account: Wire, neighbour: Wire
) -> None:
    account.set(b"key", b"value")

    assert [info.cache_name for info in neighbour.list_caches().cache] == []
    for change in (neighbour.flush_cache, neighbour.delete_cache):
        refused = refusal(partial(change, "shared"))
        assert refused.code is grpc.StatusCode.NOT_FOUND
    assert account.get(b"key") == b"value"


def test_a_neighbours_keys_are_not_listed_or_revoked(house: Neighbours, account: Wire) -> None:
    made = new_key(house.server.http, house.owner_key, "never")
    authorization = {"authorization": house.neighbour_key}

    listed = httpx.get(f"{house.server.http}/api-keys", headers=authorization).json()
    answer = httpx.delete(f"{house.server.http}/api-keys/{made['key_id']}", headers=authorization)

    assert made["key_id"] not in {info["key_id"] for info in listed["key_info"]}
    assert answer.status_code == 404
    assert dataclasses.replace(account, token=made["api_key"]).get(b"key") is None


def new_key(address: str, token: str, expiry: int | str) -> dict[str, str]:
    """Make a key over HTTP: the key itself and its id."""
    answer = httpx.post(
        f"{address}/api-keys",
        headers={"authorization": token},
        json={"description": "d", "expiry": expiry},
    )
    assert answer.status_code == 200, answer.text
    made = answer.json()
    return {"api_key": made["api_key"], "key_id": made["key_info"]["key_id"]}
