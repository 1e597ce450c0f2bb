"""How long and how often is measured: quickly, or well."""

from dataclasses import dataclass

LOAD_SHARE = 0.7
"""The share of what a server bears at which its latency is measured."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How much time a run has.

    Attributes:
        rounds: How often each scenario is measured, with the others in between.
        caches: How many caches are made; the first 500 are timed.
    """

    rounds: int
    seconds: float
    paced_seconds: float
    idle_seconds: float
    starts: int
    items: int
    caches: int


QUICK = Plan(
    rounds=3,
    seconds=1,
    paced_seconds=2,
    idle_seconds=5,
    starts=3,
    items=2_000_000,
    caches=500,
)
FULL = Plan(
    rounds=5,
    seconds=2,
    paced_seconds=4,
    idle_seconds=20,
    starts=5,
    items=2_000_000,
    caches=10_000,
)
