"""Nobody has a server send more e-mail than a person would want: by address, account and time."""

import pytest

from attimo.api import create_app, mail_limits
from attimo.api.mail_limits import MailLimits
from attimo.control import Control
from attimo.errors import TooMuchMail
from browsers import ANN, BOB, EVE, Browser, Post
from fakes import Clock


def invite(ann: Browser, email: str) -> int:
    return ann.ask("POST", "/invitations", {"email": email}).status_code


def test_an_address_gets_so_many_invitations_in_an_hour(
    ann: Browser, post: Post, clock: Clock
) -> None:
    found = [ann.ask("POST", "/invitations", {"email": BOB}) for _ in range(20)]

    assert [each.status_code for each in found] == [201] * 5 + [429] * 15
    assert len(post.letters) == 5
    assert found[-1].headers["retry-after"] == "3600"
    assert found[-1].json() | {"code": "resource_exhausted"} == found[-1].json()
    assert "An address gets at most 5 an hour" in found[-1].json()["message"]
    assert invite(ann, EVE) == 201
    clock.now += 3_599
    assert invite(ann, BOB) == 429
    clock.now += 1
    assert invite(ann, BOB) == 201


def test_an_older_invitation_stays_when_another_is_refused(ann: Browser, post: Post) -> None:
    for _ in range(5):
        invite(ann, BOB)

    assert invite(ann, BOB) == 429

    guest = Browser(ann.app)
    accepted = {"token": post.token(BOB), "password": "correct horse battery"}
    assert guest.ask("POST", "/invitations/accept", accepted).status_code == 200


@pytest.mark.parametrize("email", ["BOB@example.com", " bob@Example.com", "bob+1@example.com"])
def test_an_address_is_one_however_it_is_written(ann: Browser, email: str) -> None:
    for _ in range(5):
        invite(ann, BOB)

    assert invite(ann, email) == 429


def test_another_account_does_not_start_from_nought(ann: Browser) -> None:
    eve = Browser(ann.app, peer="198.51.100.1")
    eve.sign_up(EVE)
    for _ in range(5):
        invite(ann, BOB)

    assert invite(eve, BOB) == 429


def test_an_account_sends_so_many_in_an_hour(ann: Browser, post: Post) -> None:
    found = [invite(ann, f"guest-{number}@example.com") for number in range(55)]

    assert found == [201] * mail_limits.ACCOUNT_HOUR + [429] * 5
    assert len(post.letters) == mail_limits.ACCOUNT_HOUR


def test_what_may_not_be_sent_does_not_count(ann: Browser) -> None:
    for _ in range(10):
        wanted = {"email": BOB, "role_id": "no-such-role"}
        assert ann.ask("POST", "/invitations", wanted).status_code == 404

    assert invite(ann, BOB) == 201


@pytest.mark.parametrize("email", [ANN, "nobody@example.com"])
def test_resets_are_limited_and_tell_nothing_of_who_is_here(ann: Browser, email: str) -> None:
    found = []
    for number in range(7):
        stranger = Browser(ann.app, peer=f"198.51.{number}.1")
        found.append(stranger.ask("POST", "/password/forgotten", {"email": email}).status_code)

    assert found == [202] * 5 + [429] * 2


def test_invitations_keep_no_reset_from_an_address(ann: Browser) -> None:
    for _ in range(6):
        invite(ann, ANN)

    assert ann.ask("POST", "/password/forgotten", {"email": ANN}).status_code == 202


def test_a_day_has_a_limit_of_its_own() -> None:
    clock = Clock()
    limits = MailLimits(clock)
    sent = 0
    for _ in range(24):
        for _ in range(mail_limits.ADDRESS_HOUR):
            try:
                limits.reset(ANN)
                sent += 1
            except TooMuchMail as error:
                assert 0 < error.retry_after <= mail_limits.DAY  # noqa: PT017
        clock.now += mail_limits.HOUR

    assert sent == mail_limits.ADDRESS_DAY


def test_a_restart_forgets_no_invitation(
    ann: Browser, control: Control, post: Post, clock: Clock
) -> None:
    for _ in range(4):
        invite(ann, BOB)
    clock.now += 60
    for number in range(mail_limits.ACCOUNT_HOUR - 4):
        invite(ann, f"guest-{number}@example.com")
    clock.now += mail_limits.HOUR - 61
    ann.app = create_app(control, "cache.example.com", "open", post.send)

    assert invite(ann, EVE) == 429
    clock.now += 1
    assert [invite(ann, BOB) for _ in range(5)] == [201] * 4 + [429]
    clock.now += mail_limits.DAY
    ann.app = create_app(control, "cache.example.com", "open", post.send)
    ann.sign_in()  # the session has ended without use
    assert invite(ann, BOB) == 201


def test_what_is_remembered_has_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail_limits, "MOST_SOURCES", 3)
    limits = MailLimits(Clock())
    for number in range(10):
        limits.reset(f"{number}@example.com")

    assert len(limits._addresses._sent) == 3
