"""The link of an invitation: for its creator and its recipient, once."""

from starlette.applications import Starlette

from attimo.control import Control
from browsers import BOB, PASSWORD, Browser, Post
from fakes import Client


def test_who_invites_is_shown_the_link_of_the_e_mail_once(
    ann: Browser, post: Post, control: Control
) -> None:
    made = ann.ask("POST", "/invitations", {"email": BOB}).json()

    ((_, _, letter),) = post.letters
    assert made["link"] == f"https://cache.example.com/invitations/accept#{made['token']}"
    assert made["link"] in letter
    assert made["token"] not in ann.ask("GET", "/invitations").text
    assert made["token"] not in ann.ask("GET", "/audit").text
    with control.read() as tx:
        stored = tx.db.rows("SELECT * FROM invitations")
    assert made["token"] not in repr(stored)


def test_who_may_not_invite_gets_no_link(ann: Browser, app: Starlette, post: Post) -> None:
    made = ann.ask("POST", "/api-keys", {"role_id": "viewer", "description": "d"}).json()
    viewer = Client(app, int(made["key_info"]["account_id"]), made["key_info"]["key_id"])

    refused = viewer.ask("POST", "/invitations", {"email": BOB})

    assert (refused.status_code, "link" in refused.json(), post.letters) == (403, False, [])


def test_the_link_does_not_make_its_holder_somebody_who_is_known_already(
    ann: Browser, app: Starlette
) -> None:
    """An existing user's password is needed, whoever has the link."""
    Browser(app).sign_up(BOB)
    made = ann.ask("POST", "/invitations", {"email": BOB}).json()
    accept = {"token": made["token"], "password": "a password of the inviter"}

    assert ann.ask("POST", "/invitations/accept", accept).status_code == 401
    right = accept | {"password": PASSWORD}
    assert Browser(app).ask("POST", "/invitations/accept", right).status_code == 200
