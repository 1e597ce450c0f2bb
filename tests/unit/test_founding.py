"""Accounts for others: created, invited to, listed, named; by whoever manages the server."""

from typing import Any

import pytest
from starlette.applications import Starlette

from attimo.api import create_app
from attimo.control import Control, api_keys, invitations, members, permissions, roles, users
from browsers import ANN, BOB, PASSWORD, Browser, Post
from fakes import NOON, Client, Clock, Listener


@pytest.fixture
def closed(control: Control, post: Post) -> Starlette:
    return create_app(control, "cache.example.com", "closed", post.send)


@pytest.fixture
def operator(closed: Starlette) -> Client:
    return Client(closed, account_id=1)


def founded(operator: Client, name: str = "team", email: str | None = None) -> dict[str, Any]:
    answer = operator.ask("POST", "/accounts", {"name": name} | ({"email": email} if email else {}))
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def accept(app: Starlette, token: str) -> tuple[Browser, int]:
    browser = Browser(app)
    answer = browser.ask("POST", "/invitations/accept", {"token": token, "password": PASSWORD})
    return browser, answer.status_code


def names(operator: Client, query: str = "") -> list[str]:
    return [each["name"] for each in operator.ask("GET", f"/accounts{query}").json()["accounts"]]


def test_an_account_without_an_address_comes_with_its_owners_key(
    operator: Client, node: Listener
) -> None:
    made = founded(operator)

    assert made["api_key"].count(".") == 2
    assert "invitation" not in made
    assert (made["name"], made["cache"], made["created_at"]) == ("team", "default-cache", NOON)
    assert (made["caches"], made["api_keys"], made["members"]) == (1, 1, 0)
    assert node.names(made["account_id"]) == {"default-cache"}
    (key,) = [key for key in node.api_keys.values() if key.account_id == made["account_id"]]
    holder = Client(operator.app, made["account_id"], key.id)
    assert holder.ask("PUT", "/caches/mine").status_code == 201
    shown = holder.ask("GET", "/api-keys").json()["key_info"]
    assert "made_by" not in shown[0]
    assert "made_by_key_id" not in shown[0]


def test_with_an_address_somebody_is_invited_and_owns_it_though_sign_up_is_closed(
    operator: Client, post: Post
) -> None:
    made = founded(operator, email="Ann@Example.com")

    invited = made["invitation"]
    assert "api_key" not in made
    assert (made["api_keys"], made["members"]) == (0, 0)
    assert (invited["email"], invited["role_id"]) == (ANN, "owner")
    link = f"https://cache.example.com/invitations/accept#{invited['token']}"
    assert invited["link"] == link
    ((to, _, text),) = post.letters
    assert to == ANN
    assert "own the account 'team'" in text
    assert link in text
    ann, status = accept(operator.app, invited["token"])
    assert status == 200
    session = ann.ask("GET", "/session").json()
    assert [(each["account_name"], each["role_id"]) for each in session["accounts"]] == [
        ("team", "owner")
    ]
    assert ann.ask("PUT", "/caches/mine").status_code == 201
    assert accept(operator.app, invited["token"])[1] == 401


def test_an_owner_cannot_invite_new_people_where_sign_up_is_closed(operator: Client) -> None:
    ann, _ = accept(operator.app, founded(operator, email=ANN)["invitation"]["token"])

    invited = ann.ask("POST", "/invitations", {"email": BOB, "role_id": "owner"}).json()

    _, status = accept(operator.app, invited["token"])
    assert status == 403


def test_operators_tell_accounts_by_name(operator: Client) -> None:
    made = founded(operator)

    again = operator.ask("POST", "/accounts", {"name": "team"})
    renamed = operator.ask("PUT", f"/accounts/{made['account_id']}", {"name": "squad"}).json()
    taken = operator.ask("PUT", "/accounts/2", {"name": "squad"})

    assert (again.status_code, again.json()["code"]) == (409, "already_exists")
    assert "'team'" in again.json()["message"]
    assert (renamed["account_id"], renamed["name"]) == (made["account_id"], "squad")
    assert taken.status_code == 409
    assert names(operator) == ["owner", "neighbour", "squad"]
    assert names(operator, "?name=squad") == ["squad"]
    assert names(operator, "?name=nobody") == []
    assert operator.ask("PUT", "/accounts/3", {"name": "squad"}).status_code == 200
    assert operator.ask("PUT", "/accounts/1", {"name": "us"}).json()["name"] == "us"


def test_no_name_can_be_taken_for_the_id_of_another_account(operator: Client) -> None:
    """Commands take either, so an operator could suspend or delete the wrong account."""
    renamed = operator.ask("PUT", "/accounts/2", {"name": "1"})
    asked = {"email": ANN, "password": PASSWORD, "account_name": "1"}
    app = create_app(operator.app.state.control, "cache.example.com", "open", lambda *_: None)
    signed_up = Browser(app).ask("POST", "/signup", asked)

    for refused in (renamed, signed_up):
        assert refused.status_code == 400
        assert "name must not be a number" in refused.json()["message"]
    assert names(operator) == ["owner", "neighbour"]


def test_accounts_are_listed_in_pages(operator: Client) -> None:
    page = operator.ask("GET", "/accounts?limit=1").json()
    rest = operator.ask("GET", f"/accounts?limit=1&next_token={page['next_token']}").json()

    assert [each["account_id"] for each in page["accounts"] + rest["accounts"]] == [1, 2]
    assert "next_token" not in rest
    assert operator.ask("GET", "/accounts?next_token=eA==").status_code == 400


@pytest.mark.parametrize(
    ("wanted", "status", "message"),
    [
        ({"name": " "}, 400, "name must not be blank"),
        ({"name": "x" * 256}, 400, "name must be at most 255"),
        ({"name": "a\x1b[31m"}, 400, "name must be printable"),
        ({"name": "2"}, 400, "name must not be a number"),
        ({"name": "\u0663"}, 400, "name must not be a number"),
        ({"name": "*"}, 400, "name must not be a number or *"),
        ({"name": "id:7"}, 400, "nor begin with id:"),
        ({"name": "ID:7"}, 400, "nor begin with id:"),
        ({"name": "t", "email": "ann"}, 400, "email must be an address"),
        ({"name": "t", "role": "x"}, 400, "role: Extra inputs"),
        ({"email": ANN}, 400, "name: Field required"),
        ({"name": "neighbour", "email": ANN}, 409, "'neighbour' already"),
    ],
)
def test_an_account_that_cannot_be_leaves_nothing_behind(
    operator: Client, post: Post, node: Listener, wanted: object, status: int, message: str
) -> None:
    heard = len(node.heard)

    refused = operator.ask("POST", "/accounts", wanted)

    assert (refused.status_code, message in refused.json()["message"]) == (status, True)
    assert names(operator) == ["owner", "neighbour"]
    assert (post.letters, len(node.heard)) == ([], heard)


def test_what_an_operator_does_is_in_both_logs_and_names_them_in_theirs_only(
    operator: Client, clock: Clock
) -> None:
    made = founded(operator, email=ANN)
    id = made["account_id"]
    operator.ask("PUT", f"/accounts/{id}", {"name": "squad"})
    ann, _ = accept(operator.app, made["invitation"]["token"])

    own = operator.ask("GET", "/audit?action=account").json()["entries"]
    theirs = ann.ask("GET", "/audit").json()["entries"]

    assert [(each["action"], each["subject"], each["details"]) for each in own] == [
        ("account.rename", "team", {"id": id, "new_name": "squad"}),
        ("account.create", "team", {"id": id}),
    ]
    assert {(each["actor"], each["peer"]) for each in own} == {("local", "192.0.2.7")}
    by_server = [each["action"] for each in theirs if each["actor"] == "system"]
    assert by_server == ["account.rename", "invitation.create", "cache.create", "account.create"]
    assert {each["peer"] for each in theirs if each["actor"] == "system"} == {""}


def test_an_invitation_that_is_lost_is_replaced(operator: Client, clock: Clock) -> None:
    made = founded(operator, email=ANN)
    path = f"/accounts/{made['account_id']}/invitations"

    other = operator.ask("POST", path, {"email": BOB})

    assert other.status_code == 201
    assert accept(operator.app, made["invitation"]["token"])[1] == 401
    bob, status = accept(operator.app, other.json()["token"])
    assert status == 200
    refused = operator.ask("POST", path, {"email": ANN})
    assert (refused.status_code, refused.json()["code"]) == (412, "failed_precondition")
    assert bob.ask("GET", "/invitations").json() == {"invitations": []}


def test_operators_do_not_get_into_an_account_that_has_a_key(
    operator: Client, node: Listener
) -> None:
    made = founded(operator)
    id = made["account_id"]
    (key,) = [key for key in node.api_keys.values() if key.account_id == id]
    path = f"/accounts/{id}/invitations"

    assert operator.ask("POST", path, {"email": BOB}).status_code == 412
    holder = Client(operator.app, id, key.id)
    assert holder.ask("DELETE", f"/api-keys/{key.id}?force=true").status_code == 200
    assert operator.ask("POST", path, {"email": BOB}).status_code == 201
    assert operator.ask("POST", "/accounts/99/invitations", {"email": BOB}).status_code == 404


NETWORK = {"ip_filter": {"allowed_cidr_ranges": ["10.0.0.0/8"]}}
KEYS = {"rules": [{"type": "auth_management", "permissions": ["write"], "items": "*"}]}
PEOPLE = {"rules": [{"type": "account_management", "permissions": ["write"]}]}
WITHIN = KEYS | {"conditions": [NETWORK]}
READS = {
    "rules": [
        {"type": "auth_management", "permissions": ["read", "list"], "items": "*"},
        {"type": "account_management", "permissions": ["read", "list"]},
        {"type": "cache", "permissions": ["read", "write"], "caches": "*", "items": "*"},
    ]
}
"""Permission sets of custom roles: the last does not manage an account."""


def give(control: Control, to: str, rules: Any, until: int | None = None) -> str:
    """Give a role with these rules in account 2 to a member, a key or an invited person.

    Returns:
        The id of the member's user, of the key, or of the invitation.
    """
    with control.begin() as tx:
        role = roles.create(tx, 2, "custom", permissions.read(rules))
        match to:
            case "member":
                user = users.create(tx, BOB, "hash")
                members.add(tx, 2, user, role.id)
                return str(user.id)
            case "key":
                return api_keys.create(tx, 2, "d", until, role.id).key.id
            case _:
                return invitations.create(tx, 2, BOB, role.id).invitation.id


def invite(operator: Client) -> tuple[int, str]:
    """Invite an owner of account 2."""
    answer = operator.ask("POST", "/accounts/2/invitations", {"email": ANN})
    return answer.status_code, answer.json().get("message", "")


@pytest.mark.parametrize("to", ["member", "key", "invitation"])
@pytest.mark.parametrize("rules", [KEYS, PEOPLE, WITHIN], ids=["keys", "people", "within"])
def test_operators_do_not_get_into_an_account_that_somebody_manages_by_any_role(
    operator: Client, control: Control, to: str, rules: Any
) -> None:
    give(control, to, rules)

    status, message = invite(operator)

    assert status == 412
    assert "can manage its keys or members" in message


def test_a_key_with_permissions_of_its_own_that_are_all_manages_an_account(
    operator: Client, control: Control
) -> None:
    with control.begin() as tx:
        api_keys.create_scoped(tx, 2, permissions.everything().within(2))

    assert invite(operator)[0] == 412


@pytest.mark.parametrize("to", ["member", "key", "invitation"])
def test_who_only_reads_or_uses_caches_does_not_manage_an_account(
    operator: Client, control: Control, to: str
) -> None:
    give(control, to, READS)

    assert invite(operator)[0] == 201


def test_who_has_gone_does_not_manage_an_account_any_more(
    operator: Client, control: Control, clock: Clock
) -> None:
    user_id = give(control, "member", KEYS)
    assert invite(operator)[0] == 412
    with control.begin() as tx:
        members.remove(tx, 2, int(user_id))
        key = api_keys.create(tx, 2, "d", clock.now + 60).key
    assert invite(operator)[0] == 412
    with control.begin() as tx:
        api_keys.revoke(tx, 2, key.id)
        api_keys.create(tx, 2, "d", clock.now + 60)
    assert invite(operator)[0] == 412
    clock.now += 60
    with control.begin() as tx:
        invitations.create(tx, 2, BOB, "owner")
    assert invite(operator)[0] == 412
    clock.now += invitations.SECONDS

    assert invite(operator)[0] == 201


def test_nobody_is_invited_into_a_suspended_account(operator: Client) -> None:
    operator.ask("POST", "/accounts/2/suspend")

    assert invite(operator)[0] == 403
    operator.ask("POST", "/accounts/2/resume")
    assert invite(operator)[0] == 201


def test_nobody_is_invited_to_own_the_first_account_by_the_right_to_manage_others(
    operator: Client,
) -> None:
    """Whoever has only this right would get every other one of the first account."""
    rule = {"type": "server_management", "permissions": ["write"]}
    role = operator.ask("POST", "/roles", {"role_name": "r", "permissions": {"rules": [rule]}})
    asked = {"role_id": role.json()["role_id"], "description": "d"}
    clerk = operator.ask("POST", "/api-keys", asked).json()["key_info"]["key_id"]

    refused = Client(operator.app, 1, clerk).ask("POST", "/accounts/1/invitations", {"email": BOB})

    assert refused.status_code == 412
    assert "first account" in refused.json()["message"]


def test_an_account_and_its_key_do_not_come_of_a_key_that_ends(
    operator: Client, clock: Clock
) -> None:
    until = clock.now + 3600
    made = operator.ask("POST", "/api-keys", {"description": "d", "expiry": until}).json()
    brief = Client(operator.app, 1, made["key_info"]["key_id"])

    refused = brief.ask("POST", "/accounts", {"name": "team"})

    assert refused.status_code == 403
    assert "give the owner's e-mail address" in refused.json()["message"]
    assert names(operator) == ["owner", "neighbour"]
    assert brief.ask("POST", "/accounts", {"name": "team", "email": ANN}).status_code == 201


def test_what_was_created_in_an_account_does_not_end_with_the_operators_key(
    operator: Client, node: Listener
) -> None:
    made = operator.ask("POST", "/api-keys", {"description": "d"}).json()
    clerk = Client(operator.app, 1, made["key_info"]["key_id"])
    with_key, with_mail = founded(clerk, "a"), founded(clerk, "b", ANN)

    assert operator.ask("DELETE", f"/api-keys/{clerk.key_id}").status_code == 200

    assert with_key["account_id"] in {key.account_id for key in node.api_keys.values()}
    assert accept(operator.app, with_mail["invitation"]["token"])[1] == 200
