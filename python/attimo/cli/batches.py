"""Many things in a few requests."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

Thing = TypeVar("Thing")

MOST_THINGS = 1_000
MOST_BYTES = 512 * 1024


def batches(
    things: Iterable[Thing], size: Callable[[Thing], int], most_bytes: int = MOST_BYTES
) -> Iterator[list[Thing]]:
    """Lists of things for one request each: at most 1,000, and so many bytes unless one has more.

    Args:
        things: All of them, in order.
        size: About how many bytes one takes.
        most_bytes: What a request holds.
    """
    batch: list[Thing] = []
    total = 0
    for each in things:
        own = size(each)
        if batch and (total + own > most_bytes or len(batch) == MOST_THINGS):
            yield batch
            batch, total = [], 0
        batch.append(each)
        total += own
    if batch:
        yield batch
