"""The node's numbers of a cache, for handlers."""

from collections.abc import Callable, Mapping
from typing import Annotated, TypeAlias

from starlette.requests import Request

from attimo.api.parameters import Given

StatsOf: TypeAlias = Callable[[int], Mapping[str, int] | None]
"""Returns `items`, `stored_bytes` and the counts of the cache with an ID; None if there is none."""


async def _stats_of(request: Request) -> StatsOf:
    found: StatsOf = request.app.state.stats_of
    return found


NodeStats = Annotated[StatsOf, Given(_stats_of)]
