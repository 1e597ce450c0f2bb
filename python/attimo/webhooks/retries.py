"""When a webhook is tried again after a failure.

The pause doubles with each failure in a row, up to an hour: so a receiver that comes back gets its
messages within an hour, however long it was away. A message is tried for 24 hours.
"""

FIRST_SECONDS = 1.0
LONGEST_SECONDS = 3600.0
GIVE_UP_SECONDS = 24 * 3600
"""How old a message may be when it is tried a last time."""
OPEN_AFTER = 10
"""After so many failures in a row, the circuit is open: a single attempt each time decides."""
_GROWTH = 2.0
_MOST_DOUBLINGS = 20


def pause(failures: int, retry_after: float | None, chance: float) -> float:
    """Return how many seconds to wait after a failure.

    Args:
        failures: How many there were in a row, with this one.
        retry_after: How long the receiver asks to wait; it is given at least that, up to a day.
        chance: A random number from 0 to 1, so that webhooks which failed together do not come back
            together: from half of the pause to all of it.
    """
    doublings = min(failures - 1, _MOST_DOUBLINGS)
    longest = min(FIRST_SECONDS * _GROWTH**doublings, LONGEST_SECONDS)
    asked = min(retry_after or 0.0, GIVE_UP_SECONDS)
    return max(longest * (1 + chance) / 2, asked)
