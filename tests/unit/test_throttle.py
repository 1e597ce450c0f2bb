"""Whoever guesses must wait; whoever knows need not."""

import statistics
import time

import pytest

from attimo.api.throttle import FREE, LONGEST_PAUSE, MOST_SOURCES, PER_MINUTE, Throttle
from attimo.errors import TooManyAttempts
from browsers import ANN, EVE, OTHER, Browser
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
        throttle.attempt("a")
    pauses = []
    for _ in range(12):
        with pytest.raises(TooManyAttempts) as refused:
            throttle.attempt("a")
        pauses.append(refused.value.retry_after)
        clock.now += pauses[-1]
        throttle.attempt("a")

    assert pauses[:4] == [2, 4, 8, 16]
    assert pauses[-1] == LONGEST_PAUSE
    clock.now += 2 * LONGEST_PAUSE
    for _ in range(FREE):
        throttle.attempt("a")


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


def test_sources_are_forgotten_when_there_are_too_many(clock: Clock) -> None:
    throttle = Throttle(clock)
    for number in range(MOST_SOURCES + 10):
        throttle.attempt(str(number))

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
