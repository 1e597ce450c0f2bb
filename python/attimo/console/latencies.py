"""How long requests to a cache took by method, and why others failed, in steps of a range of time.

Charts have the methods that were used most, since a cache can be used by a hundred; the table of
the whole range has all of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from attimo.console.web import Visit
from attimo.control import cache_history
from attimo.control.cache_history import History, Step
from attimo.control.outcomes import KINDS, Outcomes

MOST_LINES = 5
"""The most methods in a chart."""


@dataclass(frozen=True, slots=True)
class Latencies:
    """How requests to a cache ended in a range.

    Attributes:
        methods: The outcomes in the whole range by method, the most used first.
        drawn: The methods that charts have, in the same order.
        kinds: The kinds of errors that there were.
        steps: The outcomes in each step.
    """

    methods: Sequence[tuple[str, Outcomes]]
    drawn: Sequence[str]
    kinds: Sequence[str]
    steps: Sequence[Step]

    def failed(self, step: Step, kind: str) -> int:
        """Return how many requests failed for such a reason in a step."""
        return sum(each.failures.get(kind, 0) for each in step.methods.values())


def of_cache(visit: Visit, name: str, since: int, step: int) -> Latencies:
    """Return how requests to a cache ended since a moment, in steps of so many seconds."""
    found: History = visit.perform(cache_history.show, name, since, None, step)
    methods = sorted(found.methods().items(), key=lambda each: (-_requests(each[1]), each[0]))
    drawn = [method for method, each in methods if each.durations][:MOST_LINES]
    kinds = [kind for kind in KINDS if any(kind in each.failures for _, each in methods)]
    return Latencies(methods, drawn, kinds, found.steps)


def _requests(each: Outcomes) -> int:
    return each.succeeded + each.failed
