"""How the requests of caches ended over HTTP: latency and errors by method."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from attimo.api.caches import CacheName
from attimo.api.caller import Authenticated
from attimo.api.latency import Latency
from attimo.api.routing import Router
from attimo.api.schemas import Model
from attimo.api.usage import Moment
from attimo.control import cache_history
from attimo.control.cache_history import STEPS
from attimo.control.outcomes import KINDS, Outcomes

router = Router("/caches", "caches")

_KINDS = ", ".join(f"`{kind}` ({meaning})" for kind, meaning in KINDS.items())
_LENGTHS = ", ".join(map(str, STEPS))


class MethodHistory(Model):
    """How requests by one method ended; without successes, `latency` is absent."""

    succeeded: int
    failed: int
    latency: Latency | None = None
    errors: Annotated[
        dict[str, int], Field(description=f"How many failed, by the kind of error: {_KINDS}.")
    ]


class HistoryStep(Model):
    """How requests ended in `seconds` from `at` on (seconds since 1970), by method.

    The last step is shorter if it is not over. Only methods that were used are named.
    """

    at: int
    seconds: int
    methods: dict[str, MethodHistory]


class CacheHistory(Model):
    """How requests to a cache ended, in steps of `step` seconds, and in all of them together.

    It begins at `since`, at or before the moment that was asked for, but not before what is kept,
    and ends before `until`.
    """

    since: int
    until: int
    step: int
    methods: dict[str, MethodHistory]
    steps: list[HistoryStep]


@router.get("/{name:path}/history", operation_id="getCacheHistory", refuses=(404,))
def show(
    caller: Authenticated,
    name: CacheName,
    since: Annotated[
        Moment, Field(description="Seconds since 1970; default: an hour before `until`.")
    ] = None,
    until: Annotated[Moment, Field(description="Seconds since 1970; default: now.")] = None,
    step: Annotated[
        int | None,
        Field(
            description=f"The length of a step in seconds: {_LENGTHS}. Default: the shortest that "
            "makes up to 100 steps, or a day.",
            json_schema_extra={"enum": list(STEPS)},
        ),
    ] = None,
) -> CacheHistory:
    """Show how requests to a cache ended: their latency, and errors by kind, by method.

    Whoever can `read` all of its items can ask. It lags by the collection interval, some seconds.
    A window has at most 1,500 minutes, or 1,500 hours if `step` is 3600 or more.
    Minutes and hours are kept as long as those of the usage, but at most 1 GB of each: the oldest
    go first. The last minute is lost if the server is killed.
    """
    found = caller.perform(cache_history.show, name, since, until, step)
    return CacheHistory(
        since=found.since,
        until=found.until,
        step=found.step,
        methods=_methods(found.methods()),
        steps=[
            HistoryStep(at=each.at, seconds=each.seconds, methods=_methods(each.methods))
            for each in found.steps
        ],
    )


def _methods(found: Mapping[str, Outcomes]) -> dict[str, MethodHistory]:
    return {
        method: MethodHistory(
            succeeded=each.succeeded,
            failed=each.failed,
            latency=Latency.of(each.latency),
            errors=each.failures,
        )
        for method, each in found.items()
    }
