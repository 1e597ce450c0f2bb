"""Every control action that gives or ends something, tried by actors of every size.

Nobody makes, widens or ends what they could not hand out themselves: the table says who may do
what to things of an Owner, and everybody else is refused with nothing changed.
"""

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from google.protobuf.message import Message
from momento_wire_types import auth_pb2
from momento_wire_types import controlclient_pb2 as pb

from attimo.control import (
    Control,
    Tx,
    api_keys,
    caches,
    invitations,
    members,
    permissions,
    roles,
    signing,
    url_keys,
    users,
)
from attimo.control.invitations import Invitation
from attimo.control.permissions import FIRST_ACCOUNT, everything
from fakes import Client

EVERYTHING = everything().dump()["rules"]
KEYS = {"type": "auth_management", "permissions": ["read", "write", "list"], "items": "*"}
PEOPLE = {"type": "account_management", "permissions": ["read", "write", "list"]}
TOKENS = {"type": "token_management", "permissions": ["write"]}


def data(*verbs: str, caches: object = "*", items: object = "*") -> dict[str, Any]:
    return {"type": "cache", "permissions": list(verbs), "caches": caches, "items": items}


def managing(*verbs: str, resources: object = "*") -> dict[str, Any]:
    return {"type": "resource_management", "permissions": list(verbs), "resources": resources}


MINE = data("read", "write", caches={"prefix": "shop"}, items={"key_prefix": "user/"})

ACTORS: dict[str, list[dict[str, Any]] | str] = {
    "owner": "owner",
    "operator": "operator",
    "viewer": "viewer",
    "vendor": [TOKENS, MINE],
    "vendor of before": [{**KEYS, "permissions": ["write"]}, MINE],
    "keeper of keys": [KEYS, MINE],
    "keeper of people": [PEOPLE, MINE],
    "data": [data("read", "write", "list")],
    "ci": [managing("write", "list", resources={"prefix": "pr-"}), TOKENS, MINE],
    "nearly everything": [rule for rule in EVERYTHING if rule["type"] != "function"],
}


@dataclass(frozen=True)
class House:
    """What an Owner has made at account 1, and a caller."""

    caller: Client
    key_id: str
    kid: str
    url_kid: str
    role_id: str
    mine_id: str
    invitation: Invitation
    user_id: int
    number: int

    @property
    def cache(self) -> str:
        return f"shop-{self.number}"

    def http(self, method: str, path: str, body: object = None) -> bool:
        """Whether it was refused for want of a right."""
        answer = self.caller.ask(method, path, body)
        assert answer.status_code in (200, 201, 202, 204, 403), answer.text
        return answer.status_code == 403

    def grpc(self, path: str, message: Message) -> bool:
        """The same."""
        answer = self.caller.call(path, message.SerializeToString())
        assert answer.headers["grpc-status"] in ("0", "7"), answer.headers
        return answer.headers["grpc-status"] == "7"


def wide(house: House) -> dict[str, Any]:
    return {"role_name": f"wider {house.number}", "permissions": {"rules": EVERYTHING}}


def narrow(house: House) -> dict[str, Any]:
    return {"role_name": f"narrow {house.number}", "permissions": {"rules": [MINE]}}


def token(rule: dict[str, Any]) -> dict[str, Any]:
    return {"permissions": {"rules": [rule]}, "valid_for_seconds": 60}


def scoped() -> Message:
    granted = {"cache_permissions": {"role": 1, "all_caches": {}, "all_items": {}}}
    return auth_pb2._GenerateApiTokenRequest(
        permissions={"explicit": {"permissions": [granted]}}, never={}
    )


CONTROL = "/control_client.ScsControl"

ACTIONS: dict[str, tuple[Callable[[House], bool], set[str]]] = {
    "revoke an owner's key": (
        lambda house: house.http("DELETE", f"/api-keys/{house.key_id}"),
        {"owner"},
    ),
    "make an owner's key": (
        lambda house: house.http("POST", "/api-keys", {"role_id": "owner", "description": "d"}),
        {"owner"},
    ),
    "make a key for all data": (
        lambda house: house.grpc("/auth.Auth/GenerateApiToken", scoped()),
        {"owner", "operator", "nearly everything"},
    ),
    "rotate the keys that sign": (
        lambda house: house.http("POST", "/signing-keys"),
        {"owner"},
    ),
    "retire a key that signed": (
        lambda house: house.http("DELETE", f"/signing-keys/{house.kid}"),
        {"owner"},
    ),
    "retire all keys that signed": (
        lambda house: house.http("DELETE", "/signing-keys"),
        {"owner"},
    ),
    "narrow an owner's role": (
        lambda house: house.http("PUT", f"/roles/{house.role_id}", narrow(house)),
        {"owner"},
    ),
    "delete an owner's role": (
        lambda house: house.http("DELETE", f"/roles/{house.role_id}"),
        {"owner"},
    ),
    "make an owner's role": (
        lambda house: house.http("POST", "/roles", wide(house)),
        {"owner"},
    ),
    "demote an owner": (
        lambda house: house.http("PUT", f"/members/{house.user_id}", {"role_id": "viewer"}),
        {"owner"},
    ),
    "remove an owner": (
        lambda house: house.http("DELETE", f"/members/{house.user_id}"),
        {"owner"},
    ),
    "invite an owner": (
        lambda house: house.http(
            "POST",
            "/invitations",
            {"email": f"new-{house.number}@example.com", "role_id": "owner"},
        ),
        {"owner"},
    ),
    "replace an owner's invitation by less": (
        lambda house: house.http(
            "POST",
            "/invitations",
            {"email": house.invitation.email, "role_id": house.mine_id},
        ),
        {"owner"},
    ),
    "take an owner's invitation back": (
        lambda house: house.http("DELETE", f"/invitations/{house.invitation.id}"),
        {"owner"},
    ),
    "make a key that signs URLs": (
        lambda house: house.grpc(
            f"{CONTROL}/CreateSigningKey", pb._CreateSigningKeyRequest(ttl_minutes=5)
        ),
        {"owner", "operator", "nearly everything"},
    ),
    "revoke a key that signs URLs": (
        lambda house: house.grpc(
            f"{CONTROL}/RevokeSigningKey", pb._RevokeSigningKeyRequest(key_id=house.url_kid)
        ),
        {"owner", "operator", "nearly everything"},
    ),
    "make a token for all data": (
        lambda house: house.http("POST", "/tokens", token(data("read", "write"))),
        {"owner", "operator", "nearly everything"},
    ),
    "make a token for its own data": (
        lambda house: house.http("POST", "/tokens", token(MINE)),
        {
            "owner",
            "operator",
            "nearly everything",
            "vendor",
            "vendor of before",
            "keeper of keys",
            "ci",
        },
    ),
    "make a cache": (
        lambda house: house.http("PUT", f"/caches/new-{house.number}"),
        {"owner", "operator", "nearly everything"},
    ),
    "make a cache of the prefix": (
        lambda house: house.http("PUT", f"/caches/pr-{house.number}"),
        {"owner", "operator", "nearly everything", "ci"},
    ),
    "make a cache of the prefix by gRPC": (
        lambda house: house.grpc(
            f"{CONTROL}/CreateCache", pb._CreateCacheRequest(cache_name=f"pr-{house.number}")
        ),
        {"owner", "operator", "nearly everything", "ci"},
    ),
    "delete a cache": (
        lambda house: house.http("DELETE", f"/caches/{house.cache}"),
        {"owner", "operator", "nearly everything"},
    ),
    "delete a cache by gRPC": (
        lambda house: house.grpc(
            f"{CONTROL}/DeleteCache", pb._DeleteCacheRequest(cache_name=house.cache)
        ),
        {"owner", "operator", "nearly everything"},
    ),
    "flush a cache": (
        lambda house: house.http("POST", f"/caches/{house.cache}/flush"),
        {"owner", "operator", "nearly everything"},
    ),
    "flush a cache by gRPC": (
        lambda house: house.grpc(
            f"{CONTROL}/FlushCache", pb._FlushCacheRequest(cache_name=house.cache)
        ),
        {"owner", "operator", "nearly everything"},
    ),
}
"""What is tried, and which of the actors may."""


@pytest.fixture
def things(control: Control, owner: Client) -> Callable[[str], House]:
    """What makes new things of an Owner for the next action, and a caller of some rights."""
    numbers = itertools.count()
    with control.begin() as tx:
        roles_of = {
            actor: rules if isinstance(rules, str) else role(tx, actor, rules)
            for actor, rules in ACTORS.items()
        }
        callers = {
            actor: api_keys.create(tx, 1, actor, role_id=role_id).key.id
            for actor, role_id in roles_of.items()
        }
        mine = role(tx, "mine", [MINE])

    def furnish(actor: str) -> House:
        number = next(numbers)
        with control.begin() as tx:
            old = signing.current(tx)
            signing.rotate(tx, FIRST_ACCOUNT)
            guest = f"guest-{number}@example.com"
            invitation = invitations.create(tx, 1, guest, "owner").invitation
            user = users.create(tx, f"owner-{number}@example.com", "hash")
            members.add(tx, 1, user, "owner")
            caches.create(tx, 1, f"shop-{number}")
            return House(
                caller=Client(owner.app, 1, callers[actor]),
                key_id=api_keys.create(tx, 1, "an owner's").key.id,
                kid=old.kid,
                url_kid=url_keys.create(tx, 1, 5).key.kid,
                role_id=role(tx, f"wide {number}", EVERYTHING),
                mine_id=mine,
                invitation=invitation,
                user_id=user.id,
                number=number,
            )

    return furnish


def role(tx: Tx, name: str, rules: list[dict[str, Any]]) -> str:
    return roles.create(tx, 1, name, permissions.read({"rules": rules})).id


@pytest.mark.parametrize("actor", ACTORS)
def test_nobody_gives_or_ends_what_they_could_not_hand_out(
    things: Callable[[str], House], actor: str
) -> None:
    expected = {action: actor in allowed for action, (_, allowed) in ACTIONS.items()}

    found = {action: not refuses(things(actor)) for action, (refuses, _) in ACTIONS.items()}

    assert found == expected


def test_what_is_refused_is_not_done(owner: Client, things: Callable[[str], House]) -> None:
    house = things("vendor of before")
    paths = {"/api-keys": "key_id", "/signing-keys": "kid", "/roles": "role_name"}

    def known() -> list[str]:
        answers = {path: owner.ask("GET", path).json().values() for path in paths}
        return [each[paths[path]] for path, (found,) in answers.items() for each in found]

    kept = known()
    assert house.http("DELETE", f"/api-keys/{house.key_id}")
    assert house.http("DELETE", "/signing-keys")
    assert house.http("PUT", f"/roles/{house.role_id}", narrow(house))

    assert known() == kept
    assert house.key_id in kept
    assert house.kid in kept


def test_a_key_may_end_itself_and_what_it_could_make(
    owner: Client, things: Callable[[str], House]
) -> None:
    keeper = things("keeper of keys").caller
    made = {"role_id": things("owner").mine_id, "description": "d"}
    key_id = keeper.ask("POST", "/api-keys", made).json()["key_info"]["key_id"]

    assert keeper.ask("DELETE", f"/api-keys/{key_id}").status_code == 200
    assert keeper.ask("DELETE", f"/api-keys/{keeper.key_id}").status_code == 200


def test_the_operator_of_the_server_is_an_owner_of_the_first_account(
    neighbour: Client, things: Callable[[str], House]
) -> None:
    house = things("owner")

    assert neighbour.ask("POST", "/signing-keys").status_code == 403
    assert neighbour.ask("DELETE", f"/signing-keys/{house.kid}").status_code == 403
    assert house.caller.ask("DELETE", f"/signing-keys/{house.kid}").status_code == 204
