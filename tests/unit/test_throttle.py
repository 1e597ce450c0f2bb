"""Whoever guesses must wait; whoever knows need not."""

import statistics
import time
from collections.abc import Iterable

import pytest

from attimo.api.people import People
from attimo.api.throttle import (
    FREE,
    FREE_AROUND,
    FREE_OF_NAME,
    LONGEST_PAUSE,
    MOST_SOURCES,
    PER_MINUTE,
    PER_MINUTE_AROUND,
    Throttle,
    networks,
)
from attimo.errors import TooManyAttempts
from browsers import ANN, EVE, OTHER, Browser, Post
from fakes import Clock


def test_whoever_guesses_must_wait_and_the_owner_elsewhere_need_not(
    ann: Browser, clock: Clock
) -> None:
    guesser = Browser(ann.app, peer="203.0.113.9")
    for _ in range(FREE):
        assert guesser.sign_in(password=OTHER).status_code == 401

    refused = guesser.sign_in()

    assert (refused.status_code, refused.json()["code"]) == (429, "resource_exhausted")
    assert refused.headers["retry-after"] == "2"
    assert ann.sign_in().status_code == 201
    clock.now += 2
    assert guesser.sign_in().status_code == 201
    assert guesser.sign_in(password=OTHER).status_code == 401


def test_pauses_double_up_to_a_quarter_of_an_hour_and_then_all_is_forgiven(clock: Clock) -> None:
    throttle = Throttle(clock)
    for _ in range(FREE):
        throttle.attempt("a", "192.0.2.1")
    pauses = []
    for _ in range(12):
        with pytest.raises(TooManyAttempts) as refused:
            throttle.attempt("a", "192.0.2.1")
        pauses.append(refused.value.retry_after)
        clock.now += pauses[-1]
        throttle.attempt("a", "192.0.2.1")

    assert pauses[:4] == [2, 4, 8, 16]
    assert pauses[-1] == LONGEST_PAUSE
    clock.now += 2 * LONGEST_PAUSE
    for _ in range(FREE):
        throttle.attempt("a", "192.0.2.1")


def test_whoever_tries_many_names_from_one_address_must_wait_for_the_next_minute(
    ann: Browser, clock: Clock
) -> None:
    guesser = Browser(ann.app, peer="203.0.113.9")
    tries = [guesser.sign_in(f"{number}@example.com", "x") for number in range(PER_MINUTE)]
    assert {each.status_code for each in tries} == {401}

    refused = guesser.sign_in()

    assert (refused.status_code, refused.headers["retry-after"]) == (429, "60")
    clock.now += 60
    assert guesser.sign_in().status_code == 201


def tries(throttle: Throttle, peers: Iterable[str], name: str = "owner") -> int:
    """How many of these peers may try, one after the other."""
    done = 0
    for peer in peers:
        try:
            throttle.attempt("sign in", peer, name)
        except TooManyAttempts:
            break
        done += 1
    return done


@pytest.mark.parametrize(
    ("peer", "most"),
    [
        ("2001:db8:0:1::{:x}", FREE),
        ("2001:db8:0:{:x}::1", FREE_AROUND),
        ("192.0.2.{}", FREE_AROUND),
        ("::ffff:192.0.2.{}", FREE_AROUND),
        ("::ffff:c000:2{:02x}", FREE_AROUND),
        ("10.{0}.{0}.1", FREE_OF_NAME),
        ("2001:db8:{:x}::1", FREE_OF_NAME),
    ],
)
def test_whoever_has_a_whole_network_has_no_more_tries(clock: Clock, peer: str, most: int) -> None:
    peers = (peer.format(number) for number in range(1, 250))

    assert tries(Throttle(clock), peers) == most


def test_the_address_that_is_written_in_two_ways_is_one() -> None:
    assert networks("::ffff:192.0.2.7") == networks("192.0.2.7")
    assert networks("192.0.2.7") != networks("192.0.2.8")
    assert networks("2001:db8::1")[0] == networks("2001:db8::ffff:2")[0]


def test_tries_for_many_names_from_one_network_wait_for_the_next_minute(clock: Clock) -> None:
    throttle = Throttle(clock)

    def done(peers: Iterable[str]) -> int:
        """How many of these peers may try, one after the other."""
        for count, peer in enumerate(peers):
            try:
                throttle.attempt_at_all("password", peer)
            except TooManyAttempts:
                return count
        raise AssertionError("all of them may")

    assert done(f"2001:db8::{number:x}" for number in range(300)) == PER_MINUTE
    assert done(f"192.0.2.{number % 256}" for number in range(300)) == PER_MINUTE_AROUND


def guess_from_everywhere(ann: Browser) -> None:
    """Have as many tries counted as there may be by her name; each would cost a hash."""
    people: People = ann.app.state.people
    peers = (f"10.{number}.0.1" for number in range(FREE_OF_NAME))
    assert tries(people.throttle, peers, people.name(ANN)) == FREE_OF_NAME


def test_guesses_from_everywhere_do_not_lock_the_owner_out(ann: Browser, clock: Clock) -> None:
    guess_from_everywhere(ann)
    assert Browser(ann.app, peer="10.200.0.1").sign_in(password=OTHER).status_code == 429

    assert ann.sign_in().status_code == 201


def test_a_reset_by_mail_opens_another_network_to_the_owner(
    ann: Browser, clock: Clock, post: Post
) -> None:
    guess_from_everywhere(ann)
    elsewhere = Browser(ann.app, peer="198.51.100.7")
    assert elsewhere.sign_in().status_code == 429

    elsewhere.ask("POST", "/password/forgotten", {"email": ANN})
    wanted = {"token": post.token(ANN), "password": OTHER}
    assert elsewhere.ask("POST", "/password/reset", wanted).status_code == 204

    assert elsewhere.sign_in(password=OTHER).status_code == 201


def test_sources_are_forgotten_when_there_are_too_many(clock: Clock) -> None:
    throttle = Throttle(clock)
    for number in range(MOST_SOURCES + 10):
        throttle.attempt(str(number), "192.0.2.1")

    assert len(throttle._sources) == MOST_SOURCES


def test_an_unknown_address_takes_as_long_as_a_known_one(ann: Browser, clock: Clock) -> None:
    """Interleaved, and compared by medians: what else the machine does meets both."""
    times: dict[str, list[float]] = {ANN: [], EVE: []}
    Browser(ann.app).sign_in(EVE, OTHER)  # the first one imports
    for _ in range(40):
        clock.now += 2 * LONGEST_PAUSE
        for who, spent in times.items():
            start = time.process_time()
            answer = Browser(ann.app).sign_in(who, OTHER)
            spent.append(time.process_time() - start)
            assert answer.json()["message"] == "The e-mail address or the password is wrong"

    known, unknown = (statistics.median(times[who]) for who in (ANN, EVE))

    assert 1 / 1.2 < known / unknown < 1.2
