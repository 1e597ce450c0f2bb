"""Slow clients lose their connections in time (slowloris and its kin); the patient keep theirs."""

import pytest

from attacks.slow import SLACK, STREAMS, SlowClients, cases

LIMITS = {name: case.limit for name, case in cases("").items()}
LIMITS |= {name: limit for name, (_, limit) in STREAMS.items()}


@pytest.mark.parametrize("name", [name for name, limit in LIMITS.items() if limit is None])
def test_who_may_take_his_time_is_not_hung_up_on(slow: SlowClients, name: str) -> None:
    assert slow.held(name).seconds is None


@pytest.mark.parametrize("name", [name for name, limit in LIMITS.items() if limit is not None])
def test_who_is_too_slow_is_hung_up_on(slow: SlowClients, name: str) -> None:
    seconds = slow.held(name).seconds

    assert seconds is not None, "it was not"
    assert seconds <= (LIMITS[name] or 0) + 2 * SLACK
    assert slow.is_well()
