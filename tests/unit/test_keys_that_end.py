"""Keys that end: one that has ended stands in nobody's way, and none makes what outlives it."""

from typing import Any

from momento_wire_types import auth_pb2
from momento_wire_types import controlclient_pb2 as pb
from starlette.applications import Starlette

from attimo.control import Control, api_keys, members, permissions, users
from attimo.control.actor import Actor
from browsers import Post
from fakes import NOON, Client, Clock

END = NOON + 3_600
ALL_CACHES = {"type": "cache", "permissions": ["read", "write"], "caches": "*", "items": "*"}
DATA = {"cache_permissions": {"role": 1, "all_caches": {}}}
KEEPER = {"type": "auth_management", "permissions": ["read", "write", "list"], "items": "*"}


def made_role(owner: Client, name: str, *rules: dict[str, Any]) -> str:
    wanted = {"role_name": name, "permissions": {"rules": list(rules or [ALL_CACHES])}}
    return str(owner.ask("POST", "/roles", wanted).json()["role_id"])


def key(caller: Client, role_id: str = "owner", expiry: object = "never") -> Client:
    """A caller with a new key."""
    asked = {"role_id": role_id, "description": "d", "expiry": expiry}
    made = caller.ask("POST", "/api-keys", asked)
    assert made.status_code == 200, made.text
    return Client(caller.app, caller.account_id, made.json()["key_info"]["key_id"])


def key_ids(owner: Client) -> list[str]:
    return [each["key_id"] for each in owner.ask("GET", "/api-keys").json()["key_info"]]


def test_a_role_that_only_ended_keys_have_is_deleted(owner: Client, clock: Clock) -> None:
    role_id = made_role(owner, "brief")
    ended = key(owner, role_id, END)
    clock.now = END - 1
    blocked = owner.ask("DELETE", f"/roles/{role_id}").json()
    clock.now = END

    deleted = owner.ask("DELETE", f"/roles/{role_id}").json()

    assert [each["key_id"] for each in blocked["api_keys"]] == [ended.key_id]
    assert deleted == {"status": "deleted"}
    assert owner.ask("GET", f"/roles/{role_id}").status_code == 404


def test_what_blocks_a_role_is_told_without_the_keys_that_have_ended(
    owner: Client, clock: Clock
) -> None:
    role_id = made_role(owner, "held")
    key(owner, role_id, END)
    holder = key(owner, role_id)
    clock.now = END

    blocked = owner.ask("DELETE", f"/roles/{role_id}").json()

    assert [each["key_id"] for each in blocked["api_keys"]] == [holder.key_id]


def test_an_ended_key_whose_role_is_gone_is_listed_and_revoked(owner: Client, clock: Clock) -> None:
    role_id = made_role(owner, "brief", KEEPER)
    first, second = key(owner, role_id, END), key(owner, role_id, END)
    made = key(first, role_id, END)
    clock.now = END
    owner.ask("DELETE", f"/roles/{role_id}")

    assert key_ids(owner) == sorted([first.key_id, second.key_id, made.key_id])
    assert owner.ask("DELETE", f"/api-keys/{second.key_id}").status_code == 200
    assert owner.ask("DELETE", f"/api-keys/{first.key_id}?with_made=true").status_code == 200
    assert key_ids(owner) == []


def test_a_clock_that_goes_back_gives_a_key_without_a_role_nothing(
    owner: Client, clock: Clock
) -> None:
    role_id = made_role(owner, "brief", KEEPER)
    ended = key(owner, role_id, END)
    clock.now = END
    owner.ask("DELETE", f"/roles/{role_id}")
    clock.now = END - 60

    assert ended.ask("GET", "/api-keys").status_code == 403


def test_a_member_who_made_keys_that_have_ended_can_be_removed_and_demoted(
    control: Control, owner: Client, clock: Clock
) -> None:
    role_id = made_role(owner, "brief")
    with control.begin() as tx:
        people = [users.create(tx, f"{name}@example.com", "hash") for name in ("jane", "sam")]
        for each in people:
            members.add(tx, 1, each, "operator")
        for each in people:
            tx.actor = Actor("member", "", permissions.everything(), user_id=each.id)
            api_keys.create(tx, 1, expires_at=END, role_id=role_id)
    clock.now = END
    owner.ask("DELETE", f"/roles/{role_id}")

    jane, sam = (each.id for each in people)
    assert owner.ask("DELETE", f"/members/{jane}").status_code == 204
    assert owner.ask("PUT", f"/members/{sam}", {"role_id": "viewer"}).status_code == 200


def test_a_key_that_has_ended_permits_nothing_that_ending_it_would_take(
    owner: Client, clock: Clock
) -> None:
    ended = key(owner, "owner", END)
    keeper = key(owner, made_role(owner, "keeper", KEEPER))
    assert keeper.ask("DELETE", f"/api-keys/{ended.key_id}").status_code == 403
    clock.now = END

    assert keeper.ask("DELETE", f"/api-keys/{ended.key_id}").status_code == 200


def test_a_key_that_ends_makes_no_key_that_ends_later(owner: Client) -> None:
    brief = key(owner, "owner", END)

    for expiry in ("never", END + 1):
        asked = {"description": "d", "expiry": expiry}
        refused = brief.ask("POST", "/api-keys", asked)
        assert (refused.status_code, refused.json()["code"]) == (403, "permission_denied")
        assert f"expiry can be at most {END}" in refused.json()["message"]
    assert key_ids(owner) == [brief.key_id]
    assert key(key(brief, expiry=END), expiry=END).ask("GET", "/api-keys").status_code == 200
    assert key(key(owner), expiry="never").ask("GET", "/api-keys").status_code == 200


def test_a_key_that_ends_makes_no_key_of_momentos_api_that_ends_later(owner: Client) -> None:
    brief = key(owner, "owner", END)

    def made(**expiry: Any) -> tuple[str, str]:
        wanted = {"permissions": {"explicit": {"permissions": [DATA]}}} | expiry
        message = auth_pb2._GenerateApiTokenRequest(**wanted).SerializeToString()
        answer = brief.call("/auth.Auth/GenerateApiToken", message)
        return answer.headers["grpc-status"], answer.headers.get("grpc-message", "")

    later = {"valid_for_seconds": END - NOON + 1}
    for status, message in (made(never={}), made(expires=later)):
        assert (status, f"expiry can be at most {END}" in message) == ("7", True), message
    assert made(expires={"valid_for_seconds": END - NOON})[0] == "0"


def test_what_a_key_that_ends_has_made_is_refreshed_until_its_end(
    owner: Client, clock: Clock
) -> None:
    def said(caller: Client, path: str, message: Any) -> Any:
        answer = caller.call(path, message.SerializeToString())
        if answer.headers["grpc-status"] != "0":
            return answer.headers["grpc-message"]
        return auth_pb2._RefreshApiTokenResponse.FromString(answer.content)

    def refreshed(before: Any) -> Any:
        asked = {"api_key": before.api_key, "refresh_token": before.refresh_token}
        return said(owner, "/auth.Auth/RefreshApiToken", auth_pb2._RefreshApiTokenRequest(**asked))

    wanted = auth_pb2._GenerateApiTokenRequest(
        permissions={"explicit": {"permissions": [DATA]}}, expires={"valid_for_seconds": 1_200}
    )
    of_brief, of_lasting = (
        said(caller, "/auth.Auth/GenerateApiToken", wanted)
        for caller in (key(owner, "owner", END), key(owner))
    )
    for seconds in (1_199, 1_199):
        clock.now += seconds
        of_brief, of_lasting = refreshed(of_brief), refreshed(of_lasting)
        assert of_brief.valid_until == of_lasting.valid_until == clock.now + 1_200
    clock.now += 3

    assert f"expiry can be at most {END}" in refreshed(of_brief)
    assert refreshed(of_lasting).valid_until == clock.now + 1_200


def test_a_key_that_ends_makes_no_key_for_urls_that_ends_later(owner: Client) -> None:
    brief = key(owner, "owner", END)

    def made(minutes: int) -> tuple[str, str]:
        message = pb._CreateSigningKeyRequest(ttl_minutes=minutes).SerializeToString()
        answer = brief.call("/control_client.ScsControl/CreateSigningKey", message)
        return answer.headers["grpc-status"], answer.headers.get("grpc-message", "")

    assert made(60)[0] == "0"
    status, message = made(61)
    assert (status, f"ttl_minutes can be at most {END}" in message) == ("7", True), message


def test_tokens_and_invitations_end_with_the_key_that_makes_them(
    app: Starlette, post: Post
) -> None:
    brief = key(Client(app, account_id=1), "owner", END)
    asked = {"permissions": {"rules": [ALL_CACHES]}, "valid_for_seconds": END - NOON + 60}

    token = brief.ask("POST", "/tokens", asked).json()
    invited = brief.ask("POST", "/invitations", {"email": "sam@example.com"}).json()

    assert token["valid_until"] == END
    assert invited["expires_at"] == END
    assert "Accept before 2027-01-15 13:00 UTC" in post.letters[0][2]
