"""Momento's Auth and Token services: what they make, and what they refuse to make."""

import base64
import json
from dataclasses import replace
from typing import Any

import httpx
import pytest
from google.protobuf.message import Message
from momento_wire_types import auth_pb2, token_pb2
from momento_wire_types import permissionmessages_pb2 as pb

from attimo.control import Control, members, sessions, signing, users
from fakes import NOON, Client, Clock

HOUR = 3_600
DISPOSE = "/token.Token/GenerateDisposableToken"
GENERATE = "/auth.Auth/GenerateApiToken"
REFRESH = "/auth.Auth/RefreshApiToken"
READ = {"cache_permissions": {"role": 2, "cache_selector": {"cache_name": "a"}}}
DATA = {"cache_permissions": {"role": 1, "all_caches": {}}}


@pytest.fixture(autouse=True)
def _a_server_has_a_signing_key_from_its_first_start(control: Control) -> None:
    with control.begin() as tx:
        signing.current(tx)


def granted(*grants: dict[str, Any]) -> pb.Permissions:
    return pb.Permissions(explicit={"permissions": list(grants)})


def super_user() -> pb.Permissions:
    return pb.Permissions(super_user=pb.SuperUser)


def disposable(seconds: int = HOUR, token_id: str = "", *grants: dict[str, Any]) -> Message:
    return token_pb2._GenerateDisposableTokenRequest(
        expires={"valid_for_seconds": seconds},
        token_id=token_id,
        permissions=granted(*(grants or (READ,))),
    )


def key(permissions: pb.Permissions | None = None, **more: Any) -> Message:
    wanted = {"expires": {"valid_for_seconds": HOUR}} | more
    return auth_pb2._GenerateApiTokenRequest(permissions=permissions or granted(DATA), **wanted)


def refusal(client: Client, method: str, message: Message) -> tuple[str, str]:
    answer = client.call(method, message.SerializeToString())
    return answer.headers["grpc-status"], answer.headers.get("grpc-message", "")


def reply(answer: httpx.Response, kind: Any) -> Any:
    assert answer.headers["grpc-status"] == "0", answer.headers
    return kind.FromString(answer.content)


def vended(client: Client, message: Message) -> Any:
    answer = client.call(DISPOSE, message.SerializeToString())
    return reply(answer, token_pb2._GenerateDisposableTokenResponse)


def made(client: Client, message: Message) -> Any:
    return reply(
        client.call(GENERATE, message.SerializeToString()), auth_pb2._GenerateApiTokenResponse
    )


def claims(token: str) -> Any:
    return json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))


def test_a_disposable_token_says_itself_what_it_may_and_ends(owner: Client) -> None:
    topic = {"topic_permissions": {"role": 3, "all_caches": {}, "topic_selector": {}}}
    topic["topic_permissions"]["topic_selector"] = {"topic_name_prefix": "room-"}
    item = {"cache_permissions": DATA["cache_permissions"] | {"item_selector": {"key": b"\xff"}}}

    token = vended(owner, disposable(HOUR, "ann", READ, topic, item))

    said = claims(token.api_key)
    assert (token.endpoint, token.valid_until) == ("localhost:8443", NOON + HOUR)
    assert (said["t"], said["acc"], said["exp"], said["tid"]) == ("d", 1, NOON + HOUR, "ann")
    assert "id" not in said
    assert said["p"]["rules"] == [
        {"type": "cache", "permissions": ["read"], "caches": {"name": "a"}, "items": "*"},
        {"type": "topic", "permissions": ["write"], "caches": "*", "topics": {"prefix": "room-"}},
        {
            "type": "cache",
            "permissions": ["read", "write"],
            "caches": "*",
            "items": {"key_base64": "/w=="},
        },
    ]


def test_a_token_names_the_key_that_asked_for_it(owner: Client) -> None:
    key_id = owner.ask("POST", "/api-keys", {"description": "d"}).json()["key_info"]["key_id"]

    token = vended(replace(owner, key_id=key_id), disposable())

    assert claims(token.api_key)["id"] == key_id


def test_a_token_ends_when_the_key_expires_that_asked_for_it(owner: Client) -> None:
    wanted = {"description": "d", "expiry": NOON + 60}
    key_id = owner.ask("POST", "/api-keys", wanted).json()["key_info"]["key_id"]

    token = vended(replace(owner, key_id=key_id), disposable())

    assert token.valid_until == claims(token.api_key)["exp"] == NOON + 60


@pytest.mark.parametrize("seconds", [0, 25 * HOUR + 1])
def test_a_token_lives_for_a_second_to_25_hours(owner: Client, seconds: int) -> None:
    assert refusal(owner, DISPOSE, disposable(seconds)) == (
        "3",
        "expires (over HTTP, valid_for_seconds) must be 1 to 90000 seconds from now",
    )


def test_the_name_of_a_token_has_64_characters_at_most(owner: Client) -> None:
    vended(owner, disposable(HOUR, "x" * 64))
    status, message = refusal(owner, DISPOSE, disposable(HOUR, "x" * 65))

    assert (status, message) == ("3", "token_id must be at most 64 characters")


def cache(**fields: Any) -> dict[str, Any]:
    return {"cache_permissions": {"role": 1, "all_caches": {}} | fields}


def topic(**fields: Any) -> dict[str, Any]:
    return {"topic_permissions": {"role": 1, "all_caches": {}, "all_topics": {}} | fields}


@pytest.mark.parametrize(
    ("grants", "message"),
    [
        ([], "permissions.explicit.permissions must hold 1 to 20 grants"),
        ([READ] * 21, "must hold 1 to 20 grants"),
        ([{}], "[0] must be about a cache, a topic or a function"),
        ([cache(role=0)], "cache_permissions.role must be set"),
        ([{"cache_permissions": {"role": 1}}], "must choose one cache, or all of them"),
        ([cache(cache_selector={"cache_name": ""})], "cache_selector.cache_name must be 1 to"),
        ([cache(cache_selector={})], "cache_selector.kind must be 1 to"),
        ([cache(item_selector={"key": b""})], "item_selector.key must be 1 to"),
        ([cache(item_selector={"key_prefix": b""})], "item_selector.key_prefix must be 1 to"),
        ([topic(topic_selector={"topic_name": ""})], "topic_selector.topic_name must be 1 to"),
        ([topic(topic_selector={"topic_name_prefix": ""})], "topic_name_prefix must be 1 to"),
        ([{"topic_permissions": {"role": 1, "all_caches": {}}}], "must choose one topic"),
        ([cache(), cache(role=2)], "[1] is about the same as one before it"),
        ([READ, READ], "[1] is about the same as one before it"),
    ],
)
@pytest.mark.parametrize("method", [DISPOSE, GENERATE])
def test_grants_that_cannot_be_are_named(
    owner: Client, method: str, grants: list[dict[str, Any]], message: str
) -> None:
    asked = disposable() if method == DISPOSE else key()
    asked.permissions.CopyFrom(granted(*grants))  # type: ignore[attr-defined]

    status, words = refusal(owner, method, asked)

    assert status == "3"
    assert message in words


def test_a_disposable_token_cannot_be_a_super_users(owner: Client) -> None:
    asked = token_pb2._GenerateDisposableTokenRequest(permissions=super_user())

    assert refusal(owner, DISPOSE, asked)[0] == "3"


def test_permissions_that_no_token_can_hold_are_refused(owner: Client) -> None:
    long = [cache(item_selector={"key": bytes([number]) * 1_024}) for number in range(1, 16)]

    status, message = refusal(owner, DISPOSE, disposable(HOUR, "", *long))

    assert status == "3"
    assert "short enough for a token of 16384 bytes" in message


def test_a_key_of_the_older_api_has_permissions_of_its_own(owner: Client) -> None:
    token = made(owner, key(description="for data"))

    key_id = claims(token.api_key)["id"]
    (info,) = owner.ask("GET", "/api-keys").json()["key_info"]
    assert (info["role_id"], info["description"]) == (key_id, "for data")
    assert token.valid_until == info["expires_at_epoch_seconds"] == NOON + HOUR
    assert owner.ask("GET", f"/roles/{key_id}").json()["type"] == "key"
    assert owner.ask("DELETE", f"/roles/{key_id}").status_code == 404
    assert len(owner.ask("GET", "/roles").json()["roles"]) == 3
    owner.ask("DELETE", f"/api-keys/{key_id}")
    assert owner.ask("GET", f"/roles/{key_id}").status_code == 404


def test_a_key_may_never_end_and_is_not_refreshed_then(owner: Client) -> None:
    asked = auth_pb2._GenerateApiTokenRequest(never={}, permissions=granted(DATA))

    token = made(owner, asked)

    assert (token.valid_until, token.refresh_token) == (0, "")


@pytest.mark.parametrize("expiry", [{}, {"expires": {"valid_for_seconds": 0}}])
def test_a_key_without_a_time_is_refused(owner: Client, expiry: dict[str, Any]) -> None:
    asked = auth_pb2._GenerateApiTokenRequest(permissions=granted(DATA), **expiry)

    assert refusal(owner, GENERATE, asked)[0] == "3"


def test_a_key_makes_scoped_keys_but_no_super_users(owner: Client) -> None:
    key_id = owner.ask("POST", "/api-keys", {"description": "d"}).json()["key_info"]["key_id"]
    holder = replace(owner, key_id=key_id)

    assert made(holder, key()).api_key
    assert refusal(holder, GENERATE, key(super_user()))[0] == "7"


def test_whoever_has_signed_in_makes_a_super_user(owner: Client, control: Control) -> None:
    with control.begin() as tx:
        user = users.create(tx, "ann@example.com", "no hash of anything")
        members.add(tx, 1, user, "owner")
        session = sessions.create(tx, user)
    ann = replace(owner, key_id="session", session=session.token)

    token = made(ann, key(super_user()))

    holder = replace(owner, key_id=claims(token.api_key)["id"])
    assert holder.ask("GET", "/api-keys").status_code == 200
    assert vended(ann, disposable()).api_key
    entry = owner.ask("GET", "/audit").json()["entries"][0]
    assert (entry["action"], entry["actor"]) == ("key.create", "member ann@example.com")
    assert refusal(replace(ann, session="none of ours"), GENERATE, key())[0] == "16"


def test_the_role_of_a_single_key_is_given_to_nobody_else(owner: Client) -> None:
    key_id = claims(made(owner, key()).api_key)["id"]

    refused = owner.ask("POST", "/api-keys", {"role_id": key_id, "description": "d"})

    assert (refused.status_code, refused.json()["code"]) == (404, "not_found")


def test_a_key_for_data_makes_nothing(owner: Client) -> None:
    scoped = replace(owner, key_id=claims(made(owner, key()).api_key)["id"])

    assert [
        refusal(scoped, method, asked)[0]
        for method, asked in [
            (DISPOSE, disposable()),
            (GENERATE, key()),
            (GENERATE, key(super_user())),
        ]
    ] == ["7", "7", "7"]


def test_nobody_makes_nothing(nobody: Client) -> None:
    assert refusal(nobody, DISPOSE, disposable())[0] == "16"
    assert refusal(nobody, GENERATE, key())[0] == "16"


def refreshed(client: Client, api_key: str, refresh_token: str) -> httpx.Response:
    asked = auth_pb2._RefreshApiTokenRequest(api_key=api_key, refresh_token=refresh_token)
    return client.call(REFRESH, asked.SerializeToString())


def test_a_refresh_makes_a_key_that_lives_as_long_again(
    owner: Client, nobody: Client, clock: Clock
) -> None:
    first = made(owner, key())
    clock.now += HOUR - 1

    second = reply(
        refreshed(nobody, first.api_key, first.refresh_token), auth_pb2._RefreshApiTokenResponse
    )
    third = reply(
        refreshed(nobody, second.api_key, second.refresh_token), auth_pb2._RefreshApiTokenResponse
    )

    assert (second.valid_until, third.valid_until) == (NOON + 2 * HOUR - 1,) * 2
    keys = {info["key_id"] for info in owner.ask("GET", "/api-keys").json()["key_info"]}
    assert keys == {claims(each.api_key)["id"] for each in (first, second, third)}
    permitted = [owner.ask("GET", f"/roles/{key_id}").json()["permissions"] for key_id in keys]
    assert permitted[0] == permitted[1] == permitted[2]


def test_a_refresh_needs_the_newest_token_of_a_key_that_lives(
    owner: Client, nobody: Client, clock: Clock
) -> None:
    one, other = made(owner, key()), made(owner, key())
    attempts = [(one.api_key, other.refresh_token), ("x", one.refresh_token), (one.api_key, "")]
    for attempt in attempts:
        assert refreshed(nobody, *attempt).headers["grpc-status"] == "3"

    assert refreshed(nobody, one.api_key, one.refresh_token).headers["grpc-status"] == "0"
    assert refreshed(nobody, one.api_key, one.refresh_token).headers["grpc-status"] == "3"
    clock.now += HOUR
    assert refreshed(nobody, other.api_key, other.refresh_token).headers["grpc-status"] == "3"


def test_no_token_is_kept_in_the_database(owner: Client, control: Control) -> None:
    token = made(owner, key())
    vended(owner, disposable())

    with control.database.read() as connection:
        kept = connection.rows("SELECT * FROM api_keys, refresh_tokens")

    assert kept
    secrets = [token.api_key.encode(), token.refresh_token.encode()]
    assert not any(secret in repr(kept).encode() for secret in secrets)
