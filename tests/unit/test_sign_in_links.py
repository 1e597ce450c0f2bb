"""The link with which the owner of the machine signs in: who may make one, and for how long."""

import pytest
from starlette.applications import Starlette

from attimo.control import (
    Control,
    access,
    allowances,
    api_keys,
    members,
    passwords,
    sessions,
    users,
)
from attimo.control import sign_in_links as links
from attimo.control.actor import Actor
from attimo.control.permissions import NOTHING
from attimo.errors import PermissionDenied, Unauthenticated
from browsers import ANN, Browser, Post
from fakes import Clock

PEER = "192.0.2.7"


def key_of(control: Control, role_id: str = "owner", expires_at: int | None = None) -> str:
    """A key of the first account, as the server creates it for its owner."""
    with control.begin() as tx:
        return api_keys.create(tx, 1, "of the owner", expires_at, role_id).key.id


def link_by(control: Control, key_id: str, account_id: int = 1) -> str:
    return control.perform(
        lambda tx: access.of_key(tx, account_id, key_id, PEER), links.create, account_id
    ).token


def enter(control: Control, token: str) -> bytes:
    return control.perform(lambda _: Actor("visitor", PEER, NOTHING), links.use, token).session.hash


def is_signed_in(control: Control, hash: bytes) -> bool:
    with control.read() as tx:
        return bool(
            tx.db.scalar(
                "SELECT count(*) FROM sessions WHERE hash = :hash AND ended_at IS NULL"
                " AND expires_at > :now",
                hash=hash,
                now=tx.now,
            )
        )


def test_a_link_signs_in_once_and_for_ten_minutes(control: Control, clock: Clock) -> None:
    key_id = key_of(control)
    token, late = link_by(control, key_id), link_by(control, key_id)

    assert is_signed_in(control, enter(control, token))
    for bad in (token, "guessed", ""):
        with pytest.raises(Unauthenticated, match="attimo console"):
            enter(control, bad)
    clock.now += links.SECONDS
    with pytest.raises(Unauthenticated):
        enter(control, late)


def test_the_session_has_the_usual_ends_and_no_longer_than_its_key(
    control: Control, clock: Clock
) -> None:
    ends = []
    for key_id in (key_of(control), key_of(control, expires_at=clock.now + 3_600)):
        hash = enter(control, link_by(control, key_id))
        with control.read() as tx:
            session = sessions.of_hash(tx, hash)
        ends.append((session.expires_at - clock.now, session.ends_at - clock.now))

    assert ends == [(86_400, 7 * 86_400), (3_600, 3_600)]


def test_a_revoked_key_ends_its_links_and_its_sessions(control: Control) -> None:
    stays, goes = key_of(control), key_of(control)
    begun, other = enter(control, link_by(control, goes)), enter(control, link_by(control, stays))
    unused = link_by(control, goes)
    with control.begin() as tx:
        api_keys.revoke(tx, 1, goes)

    assert not is_signed_in(control, begun)
    assert is_signed_in(control, other)
    with pytest.raises(Unauthenticated):
        enter(control, unused)


def test_only_the_owners_own_key_makes_one(control: Control, ann: Browser, post: Post) -> None:
    account_id = ann.ask("GET", "/session").json()["account_id"]
    with control.begin() as tx:
        of_a_team = api_keys.create(tx, account_id, "of a team").key.id
        (user,) = [each for each in members.list_all(tx, account_id) if each.email == ANN]
        person = users.of_id(tx, user.user_id)
        members.add(tx, 1, person, "owner")
        tx.actor = Actor(f"member {ANN}", PEER, tx.actor.permissions, user_id=person.id)
        of_a_member = api_keys.create(tx, 1, "of a member").key.id
    refused: list[tuple[str, int]] = [
        (key_of(control, "operator"), 1),
        (key_of(control, "viewer"), 1),
        (of_a_team, account_id),
        (of_a_member, 1),
    ]

    for key_id, account in refused:
        with pytest.raises(PermissionDenied, match="Insufficient"):
            link_by(control, key_id, account)
    assert ann.ask("POST", "/session/links").status_code == 403


def test_no_password_and_no_letter_leads_to_the_owner_of_the_machine(
    control: Control, app: Starlette, post: Post
) -> None:
    enter(control, link_by(control, key_of(control)))
    browser = Browser(app)
    answers = [
        browser.sign_in(users.SERVER_OWNER, password)
        for password in ("", "nobody has this password", "!")
    ]
    asked = browser.ask("POST", "/password/forgotten", {"email": users.SERVER_OWNER})

    assert {each.status_code for each in answers} == {401}
    assert not passwords.matches("", "nobody has this password")
    assert (asked.status_code, post.letters) == (202, [])
    with control.read() as tx:
        assert allowances.readers(tx, 1) == []


def test_who_was_removed_comes_back_as_an_owner(control: Control) -> None:
    enter(control, link_by(control, key_of(control)))
    for _ in range(2):
        with control.begin() as tx:
            user = users.server_owner(tx)
            ann = users.create(tx, f"{tx.now}{_}@example.com", "hash")
            members.add(tx, 1, ann, "owner")
            if _:
                members.remove(tx, 1, user.id)
            else:
                members.change_role(tx, 1, user.id, "viewer")
        enter(control, link_by(control, key_of(control)))
        with control.read() as tx:
            roles = {each.email: each.role_id for each in members.list_all(tx, 1)}
        assert roles[users.SERVER_OWNER] == "owner"


def test_tokens_are_stored_as_hashes_and_open_links_are_few(control: Control) -> None:
    key_id = key_of(control)
    tokens = [link_by(control, key_id) for _ in range(links.MOST + 2)]
    with control.read() as tx:
        kept = {row[0] for row in tx.db.rows("SELECT hash FROM sign_in_links")}

    assert kept == {users.digest(token) for token in tokens[2:]}
