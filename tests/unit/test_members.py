"""Members and invitations, as a browser meets them."""

import json

from attimo.api import create_app
from attimo.control import Control
from browsers import ANN, BOB, EVE, OTHER, PASSWORD, Browser, Post, joined
from fakes import Client, Clock


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
    assert blocked["status"] == "blocked"
    assert [each["user_name"] for each in blocked["account_members"]] == [BOB]
    assert [each["account_member"]["user_name"] for each in blocked["invitations"]] == [EVE]


def test_members_of_another_account_are_nobody_here(ann: Browser, owner: Client) -> None:
    me = ann.ask("GET", "/session").json()["user_id"]

    assert owner.ask("GET", "/members").json() == {"members": []}
    assert owner.ask("PUT", f"/members/{me}", {"role_id": "viewer"}).status_code == 404
    assert owner.ask("DELETE", f"/members/{me}").status_code == 404
