"""Second factors: every door that takes a password asks for the code, and takes each once."""

import pyotp
import pytest
from starlette.applications import Starlette

from attimo.api import one_time, throttle
from attimo.api.one_time import OneTime
from attimo.control import Control, second_factors, sessions, users
from attimo.errors import FailedPrecondition, WrongCode
from browsers import ANN, BOB, OTHER, PASSWORD, Browser, Post, joined
from fakes import Client, Clock

STEP = 30
RFC_SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"  # noqa: S105
RFC_CODES = {
    59: "94287082",
    1111111109: "07081804",
    1111111111: "14050471",
    1234567890: "89005924",
    2000000000: "69279037",
    20000000000: "65353130",
}
"""Appendix B of RFC 6238, with SHA-1."""


class App:
    """An authenticator app with somebody's secret, and their recovery codes."""

    def __init__(self, control: Control, clock: Clock, email: str = ANN) -> None:
        self.clock = clock
        with control.begin() as tx:
            user = users.of_email(tx, email)
            assert user is not None
            self.user_id = user.id
            secret = second_factors.begin(tx, user.id)
        self.totp = pyotp.TOTP(secret)
        with control.begin() as tx:
            self.recovery = second_factors.confirm(tx, user.id, self.code(-1), b"")

    def code(self, steps: int = 0) -> str:
        return self.totp.at(self.clock.now, counter_offset=steps)


@pytest.fixture
def phone(ann: Browser, control: Control, clock: Clock) -> App:
    """Ann's; the code before the current one is used."""
    return App(control, clock)


def enter(browser: Browser, code: str | None = None, email: str = ANN) -> str:
    """Sign in; return what the server says of it."""
    asked = {"email": email, "password": PASSWORD} | ({} if code is None else {"code": code})
    answer = browser.ask("POST", "/session", asked)
    return "in" if answer.status_code == 201 else str(answer.json()["err"])


def test_the_codes_are_those_of_the_rfc() -> None:
    totp = pyotp.TOTP(RFC_SECRET, digits=8)

    assert {at: totp.at(at) for at in RFC_CODES} == RFC_CODES


def test_a_password_alone_lets_nobody_in(app: Starlette, phone: App) -> None:
    browser = Browser(app)

    assert [enter(browser), enter(browser, "")] == ["code_needed"] * 2
    assert enter(browser, "000000") == "wrong_code"
    assert browser.cookies == {}
    assert enter(browser, phone.code()) == "in"


def test_without_the_password_nothing_is_said_of_the_second_factor(
    app: Starlette, phone: App
) -> None:
    browser = Browser(app)
    answers = [
        browser.ask("POST", "/session", {"email": email, "password": OTHER, "code": phone.code()})
        for email in (ANN, BOB)
    ]

    assert {(each.status_code, each.json()["err"]) for each in answers} == {(401, "wrong_password")}
    assert answers[0].json()["message"] == answers[1].json()["message"]


def test_a_code_is_accepted_once_and_in_its_steps_only(
    app: Starlette, phone: App, clock: Clock
) -> None:
    used = phone.code()
    assert enter(Browser(app), used) == "in"
    assert enter(Browser(app), used) == "wrong_code"
    # Nor one of an earlier step, which was not used.
    assert enter(Browser(app), phone.code(-1)) == "wrong_code"
    assert enter(Browser(app), phone.code(2)) == "wrong_code"
    assert enter(Browser(app), f" {phone.code(1)[:3]} {phone.code(1)[3:]}") == "in"
    clock.now += 10 * STEP
    assert enter(Browser(app), phone.code(-2)) == "wrong_code"
    assert enter(Browser(app), phone.code(-1)) == "in"


def test_a_recovery_code_is_accepted_once_however_it_is_typed(app: Starlette, phone: App) -> None:
    first, second = phone.recovery[:2]

    assert enter(Browser(app), first) == "in"
    assert enter(Browser(app), first) == "wrong_code"
    assert enter(Browser(app), second.replace("-", " ").upper()) == "in"
    assert len(set(phone.recovery)) == second_factors.CODES


def test_recovery_codes_are_stored_as_hashes_and_replaced_together(
    app: Starlette, control: Control, phone: App
) -> None:
    with control.read() as tx:
        kept = {row[0] for row in tx.db.rows("SELECT hash FROM recovery_codes")}
    assert kept == {users.digest(each.replace("-", "")) for each in phone.recovery}
    with control.begin() as tx:
        made = second_factors.renew_codes(tx, phone.user_id, phone.code())

    assert enter(Browser(app), phone.recovery[0]) == "wrong_code"
    assert enter(Browser(app), made[0]) == "in"


def test_an_invitation_is_no_way_around_it(
    app: Starlette, phone: App, post: Post, clock: Clock
) -> None:
    owner = Browser(app)
    owner.sign_up(BOB)
    owner.ask("POST", "/invitations", {"email": ANN})
    asked = {"token": post.token(ANN), "password": PASSWORD}
    guest = Browser(app)
    answers = [
        guest.ask("POST", "/invitations/accept", asked | more)
        for more in ({}, {"code": "000000"}, {"code": phone.code()})
    ]

    assert [each.status_code for each in answers] == [401, 401, 200]
    assert [each.json()["err"] for each in answers[:2]] == ["code_needed", "wrong_code"]


def test_a_new_password_by_e_mail_leaves_the_code_needed(
    app: Starlette, phone: App, post: Post
) -> None:
    browser = Browser(app)
    browser.ask("POST", "/password/forgotten", {"email": ANN})
    reset = {"token": post.token(ANN), "password": PASSWORD}
    assert browser.ask("POST", "/password/reset", reset).status_code == 204

    assert enter(browser) == "code_needed"
    assert enter(browser, phone.code()) == "in"


def test_guesses_of_codes_are_limited_also_by_who_knows_the_password(
    app: Starlette, phone: App, clock: Clock
) -> None:
    browser = Browser(app)
    found = [enter(browser, "000000") for _ in range(throttle.FREE + 2)]
    assert found == ["wrong_code"] * throttle.FREE + ["too_many_attempts"] * 2
    assert enter(browser, phone.code()) == "too_many_attempts"
    nets = [f"198.51.{number}.7" for number in range(throttle.FREE_OF_NAME + 1)]
    spread = [enter(Browser(app, net), "000000") for net in nets]

    assert spread[-1] == "too_many_attempts"
    clock.now += 2 * throttle.LONGEST_PAUSE
    assert enter(browser, phone.code()) == "in"


def test_it_counts_once_a_code_has_confirmed_it_and_ends_other_sessions(
    ann: Browser, control: Control, app: Starlette, clock: Clock
) -> None:
    other = Browser(app)
    other.sign_in()
    with control.begin() as tx:
        session = sessions.of_token(tx, ann.cookies["attimo_session"])
        secret = second_factors.begin(tx, session.user_id)
    assert enter(Browser(app)) == "in"
    with pytest.raises(WrongCode), control.begin() as tx:
        second_factors.confirm(tx, session.user_id, "000000", session.hash)
    with control.begin() as tx:
        code = pyotp.TOTP(secret).at(clock.now)
        second_factors.confirm(tx, session.user_id, code, session.hash)

    assert enter(Browser(app)) == "code_needed"
    assert [each.ask("GET", "/session").status_code for each in (ann, other)] == [200, 401]
    with pytest.raises(FailedPrecondition), control.begin() as tx:
        second_factors.begin(tx, session.user_id)
    with pytest.raises(WrongCode), control.read() as tx:
        second_factors.pending(tx, session.user_id)


def test_it_is_removed_with_a_code_only_and_the_audit_log_says_so(
    ann: Browser, control: Control, app: Starlette, phone: App
) -> None:
    with pytest.raises(WrongCode), control.begin() as tx:
        second_factors.remove(tx, phone.user_id, "000000")
    with control.begin() as tx:
        second_factors.remove(tx, phone.user_id, phone.recovery[0])

    assert enter(ann) == "in"
    found = ann.ask("GET", "/audit").json()["entries"]
    noted = {each["action"] for each in found} & {"second-factor.add", "second-factor.remove"}
    assert noted == {"second-factor.add", "second-factor.remove"}
    with control.read() as tx:
        assert second_factors.state(tx, phone.user_id) == second_factors.State(None, 0)


def test_an_operator_of_the_server_alone_lets_in_who_has_lost_the_app(
    ann: Browser, app: Starlette, control: Control, phone: App
) -> None:
    path, asked = "/accounts/second-factors/reset", {"email": ANN.upper()}
    operator, team = Client(app, account_id=1), Client(app, account_id=2)
    enter(ann, phone.code())
    assert ann.ask("POST", path, asked).status_code == 403
    assert team.ask("POST", path, asked).status_code == 403
    assert enter(Browser(app)) == "code_needed"
    answers = [operator.ask("POST", path, asked).json()["removed"] for _ in range(2)]

    assert answers == [True, False]
    assert enter(Browser(app)) == "in"
    assert enter(Browser(app), phone.recovery[0]) == "in"  # not looked at
    logged = [
        [each["actor"] for each in found if each["action"] == "second-factor.reset"]
        for found in (
            ann.ask("GET", "/audit").json()["entries"],
            operator.ask("GET", "/audit").json()["entries"],
        )
    ]
    assert [len(each) for each in logged] == [1, 1]
    assert logged[0] == ["system"]


def test_a_second_factor_is_not_removed_of_what_is_no_address(app: Starlette) -> None:
    operator = Client(app, account_id=1)
    for email in ("", "ann", "ann@example", "a" * 250 + "@example.com"):
        answer = operator.ask("POST", "/accounts/second-factors/reset", {"email": email})
        assert (answer.status_code, "email must be an address" in answer.text) == (400, True), email


def test_who_manages_members_sees_who_has_one(
    ann: Browser, control: Control, app: Starlette, clock: Clock, post: Post
) -> None:
    viewer = joined(ann, post, BOB)
    App(control, clock, BOB)
    seen = {
        each["email"]: each.get("second_factor")
        for each in ann.ask("GET", "/members").json()["members"]
    }
    by_viewer = viewer.ask("GET", "/members")

    assert seen == {ANN: False, BOB: True}
    assert "second_factor" not in by_viewer.text


def test_what_waits_is_taken_once_in_time_and_within_bounds(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(one_time, "MOST", 2)
    waiting = OneTime[str](clock)
    pushed_out, first, second = (waiting.put(each) for each in ("a", "b", "c"))

    assert [waiting.take(each) for each in (pushed_out, first, first, "guess")] == [
        None,
        "b",
        None,
        None,
    ]
    clock.now += one_time.SECONDS
    assert waiting.take(second) is None
