"""What nodes are told of sessions, and what a session's token does at the control plane."""

import base64
import json
from dataclasses import replace
from pathlib import Path

import pytest

from attimo.control import Control, directory, session_rows, sessions, users
from attimo.control.policy import DAY, Policy
from attimo.data_directory import DataDirectory
from attimo.errors import Unauthenticated
from attimo.serve import backup
from attimo.store.database import open_database
from browsers import ANN, BOB, OTHER, PASSWORD, Browser, Post, joined
from fakes import NOON, Client, Clock, Listener, swift_directory

COOKIE = "attimo_session"


def known(browser: Browser, node: Listener) -> tuple[int, str] | None:
    """The account and the role by which nodes know a session, if they do."""
    found = node.sessions.get(users.digest(browser.cookies[COOKIE]))
    return None if found is None else (found.account_id, found.role_id)


def by_token(browser: Browser, account_id: int = 0) -> Client:
    """Who shows the cookie's value as a token, as the data plane would say it."""
    return Client(browser.app, account_id, "session", browser.cookies[COOKIE])


def user_id(browser: Browser) -> int:
    return int(browser.ask("GET", "/session").json()["user_id"])


def account(browser: Browser) -> int:
    return int(browser.ask("GET", "/session").json()["account_id"])


def test_nodes_know_a_session_with_its_members_role_until_its_end(
    ann: Browser, post: Post, node: Listener
) -> None:
    bob = joined(ann, post, BOB, "operator")
    found = node.sessions[users.digest(bob.cookies[COOKIE])]

    assert (found.account_id, found.role_id) == (account(ann), "operator")
    assert found.expires_at == NOON + DAY
    assert known(ann, node) == (account(ann), "owner")

    bob.ask("DELETE", "/session")

    assert known(bob, node) is None
    assert known(ann, node) is not None


def test_nodes_are_told_of_another_role_and_of_a_removal(
    ann: Browser, post: Post, node: Listener
) -> None:
    bob = joined(ann, post, BOB, "operator")
    path = f"/members/{user_id(bob)}"

    ann.ask("PUT", path, {"role_id": "viewer"})
    assert known(bob, node) == (account(ann), "viewer")
    ann.ask("DELETE", path)

    assert known(bob, node) is None
    assert bob.ask("GET", "/session").status_code == 401


def test_nodes_are_told_which_account_a_session_is_at(
    ann: Browser, post: Post, node: Listener
) -> None:
    bob = Browser(ann.app)
    own = bob.sign_up(BOB)["account_id"]
    ann.ask("POST", "/invitations", {"email": BOB, "role_id": "viewer"})
    bob.ask("POST", "/invitations/accept", {"token": post.token(BOB), "password": PASSWORD})
    assert known(bob, node) == (account(ann), "viewer")

    bob.ask("PUT", "/session", {"account_id": own})

    assert known(bob, node) == (own, "owner")


def test_a_session_lasts_for_as_long_as_it_is_used_and_at_most_a_week(
    ann: Browser, node: Listener, clock: Clock
) -> None:
    digest = users.digest(ann.cookies[COOKIE])
    for _ in range(13):
        clock.now += DAY // 2
        assert ann.ask("GET", "/session").status_code == 200
    assert node.sessions[digest].expires_at == NOON + sessions.SECONDS
    clock.now = NOON + sessions.SECONDS

    assert ann.ask("GET", "/session").status_code == 401


def test_a_session_that_nobody_uses_ends_although_its_page_updates_itself(
    ann: Browser, clock: Clock
) -> None:
    page = Browser(ann.app, cookies=ann.cookies, more={"hx-request": "true"})
    clock.now += DAY - 1
    assert page.ask("GET", "/session").status_code == 200
    clock.now += 1

    assert page.ask("GET", "/session").status_code == 401


def test_few_uses_of_a_session_are_recorded(ann: Browser, control: Control, clock: Clock) -> None:
    def revisions() -> int:
        with control.read() as tx:
            return directory.revision(tx)

    before = revisions()
    for seconds in (DAY // 24 - 1, 1, 1):
        clock.now += seconds
        ann.ask("GET", "/session")

    assert revisions() == before + 1


def test_a_shorter_time_without_use_counts_from_the_next_use(
    ann: Browser, control: Control, clock: Clock
) -> None:
    control.policy = Policy(session_idle_seconds=300)
    ends_at = ann.ask("GET", "/session").json()["expires_at"]
    clock.now += 300

    assert ends_at == clock.now
    assert ann.ask("GET", "/session").status_code == 401


@pytest.mark.parametrize("how", ["changed", "reset", "everywhere"])
def test_what_ends_every_session_is_told(
    ann: Browser, post: Post, node: Listener, how: str
) -> None:
    other = Browser(ann.app)
    other.sign_in()
    assert known(other, node) is not None

    if how == "changed":
        ann.ask("PUT", "/password", {"old_password": PASSWORD, "password": OTHER})
    elif how == "reset":
        ann.ask("POST", "/password/forgotten", {"email": ANN})
        ann.ask("POST", "/password/reset", {"token": post.token(ANN), "password": OTHER})
    else:
        ann.ask("DELETE", "/session?everywhere=true")

    assert [known(each, node) for each in (ann, other)] == [None, None]


def test_a_user_without_an_account_is_known_and_may_nothing(
    ann: Browser, post: Post, node: Listener
) -> None:
    bob = joined(ann, post, BOB, "operator")
    ann.ask("DELETE", f"/members/{user_id(bob)}")
    assert bob.sign_in(BOB).status_code == 201

    assert known(bob, node) == (0, "none")
    assert "none" not in node.roles
    client = by_token(bob)
    assert client.ask("GET", "/session").json()["accounts"] == []
    assert client.ask("GET", "/caches").status_code == 401
    assert client.ask("DELETE", "/session").status_code == 204
    assert known(bob, node) is None


def test_an_ended_session_is_kept_until_its_time_is_over_and_then_forgotten(
    ann: Browser, node: Listener, control: Control, clock: Clock
) -> None:
    def rows() -> int:
        with control.read() as tx:
            return int(tx.db.scalar("SELECT count(*) FROM sessions"))

    gone = Browser(ann.app)
    gone.sign_in()
    gone.ask("DELETE", "/session")
    assert rows() == 2

    clock.now += DAY
    ann.sign_in()
    assert len(node.sessions) == 1
    assert rows() == 2  # what has expired is told of first, and deleted at the next sign-in
    ann.sign_in()

    assert len(node.sessions) == rows() == 2


@pytest.mark.sqlite
def test_a_session_that_ended_after_a_backup_does_not_go_on_in_what_is_restored_of_it(
    ann: Browser, post: Post, home: Path, clock: Clock
) -> None:
    ann.ask("POST", "/password/forgotten", {"email": ANN})
    with swift_directory() as room:
        backup.back_up(DataDirectory(home), room / "backup")
        ann.ask("DELETE", "/session")
        backup.restore(room / "backup", DataDirectory(room / "again"), keep_keys=True)
        again = Control(open_database(room / "again" / "attimo.db"), lambda _: None, clock)

        with again.read() as tx, pytest.raises(Unauthenticated):
            sessions.of_token(tx, ann.cookies[COOKIE])
        with again.read() as tx, pytest.raises(Unauthenticated):
            users.of_reset(tx, post.token(ANN))
        again.database.close()


def test_the_oldest_sessions_of_a_user_end_when_there_are_too_many(
    ann: Browser, node: Listener, control: Control
) -> None:
    with control.begin() as tx:
        user = users.of_email(tx, ANN)
        assert user is not None
        made = [sessions.create(tx, user) for _ in range(session_rows.MOST)]

    assert known(ann, node) is None
    assert {each.session.hash for each in made} == set(node.sessions)


def test_a_sessions_token_does_what_its_member_may_and_needs_nothing_beside_it(
    ann: Browser, post: Post
) -> None:
    bob = joined(ann, post, BOB, "viewer")
    owner, viewer = by_token(ann, account(ann)), by_token(bob, account(ann))

    assert owner.ask("PUT", "/caches/mine").status_code == 201
    assert owner.ask("POST", "/invitations", {"email": OTHER}).status_code == 400
    assert viewer.ask("GET", "/caches").status_code == 200
    refused = [
        viewer.ask("PUT", "/caches/never"),
        viewer.ask("POST", "/api-keys", {"description": "d"}),
        viewer.ask("PUT", f"/members/{user_id(bob)}", {"role_id": "owner"}),
        viewer.ask("DELETE", f"/members/{user_id(ann)}"),
    ]
    assert {each.status_code for each in refused} == {403}
    actors = {each["actor"] for each in ann.ask("GET", "/audit").json()["entries"]}
    assert f"member {ANN}" in actors
    assert viewer.ask("DELETE", f"/members/{user_id(bob)}").status_code == 204


def test_a_sessions_own_pages_take_its_token(ann: Browser) -> None:
    client = by_token(ann, account(ann))

    shown = client.ask("GET", "/session").json()
    assert (shown["email"], shown["account_id"]) == (ANN, client.account_id)
    assert client.ask("PUT", "/session", {"account_id": 99}).status_code == 404
    wanted = {"old_password": PASSWORD, "password": OTHER}
    assert client.ask("PUT", "/password", wanted).status_code == 204
    assert client.ask("GET", "/session").status_code == 401


def test_a_token_that_is_over_is_refused_where_the_data_plane_does_not_know_yet(
    ann: Browser,
) -> None:
    client = by_token(ann, account(ann))
    ann.ask("DELETE", "/session")

    for each in (client, replace(client, session="none of ours")):
        assert each.ask("PUT", "/caches/never").status_code == 401
        called = each.call("/control_client.ScsControl/ListCaches", b"")
        assert called.headers["grpc-status"] == "16"


def test_the_token_goes_before_a_cookie_beside_it(ann: Browser, post: Post) -> None:
    bob = joined(ann, post, BOB, "viewer")
    bob.more = {
        "attimo-account": str(account(ann)),
        "attimo-key": "session",
        "attimo-session": users.digest(ann.cookies[COOKIE]).hex(),
    }
    bob.csrf = ""

    assert bob.ask("GET", "/session").json()["email"] == ANN
    assert bob.ask("PUT", "/caches/made-by-ann").status_code == 201


def test_the_tokens_of_a_session_are_judged_by_the_members_role(
    ann: Browser, post: Post, node: Listener
) -> None:
    bob = joined(ann, post, BOB, "operator")
    asked = {
        "permissions": {
            "rules": [{"type": "cache", "permissions": ["read"], "caches": "*", "items": "*"}]
        },
        "valid_for_seconds": 60,
    }

    def issuer() -> str:
        token = bob.ask("POST", "/tokens", asked).json()["token"]
        return str(json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))["id"])

    first = issuer()
    assert node.api_keys[first].role_id == "operator"
    assert first not in str(ann.ask("GET", "/api-keys").json())
    ann.ask("PUT", f"/members/{user_id(bob)}", {"role_id": "owner"})
    second = issuer()

    assert first not in node.api_keys
    assert node.api_keys[second].role_id == "owner"
