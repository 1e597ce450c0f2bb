"""Every limit of the product over HTTP [ours]."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field
from starlette.requests import Request

from attimo.api import limit_table
from attimo.api.caller import Authenticated
from attimo.api.limit_table import Unit
from attimo.api.parameters import Given
from attimo.api.routing import Router
from attimo.api.schemas import Model
from attimo.control import limits
from attimo.control.limits import CacheLimits

router = Router("/limits", "limits and usage")


class LimitBreach(Model):
    """What happens when the limit is exceeded: as text, and as the error if there is one."""

    effect: str
    status: int | None = None
    code: str | None = None
    err: str | None = None


class LimitInfo(Model):
    """A limit; `setting` is the setting that changes it, if there is one."""

    name: str
    value: int
    unit: Unit
    purpose: str
    breach: Annotated[LimitBreach, Field(description="What happens when the limit is exceeded.")]
    setting: str | None = None


class LimitList(Model):
    """All limits."""

    limits: list[LimitInfo]


async def _given(request: Request) -> Mapping[str, int]:
    given: Mapping[str, int] = request.app.state.limits
    return given


async def _of_caches(request: Request) -> CacheLimits:
    found: CacheLimits = request.app.state.control.cache_limits
    return found


OfCaches = Annotated[CacheLimits, Given(_of_caches)]


@router.get(operation_id="listLimits")
def list_all(
    caller: Authenticated, given: Annotated[Mapping[str, int], Given(_given)]
) -> LimitList:
    """List all limits: value, purpose, what happens beyond it, and the setting that changes it."""
    caller.perform(limits.check)
    return LimitList(limits=[_info(limit) for limit in limit_table.every(given)])


def _info(limit: limit_table.Limit) -> LimitInfo:
    breach = limit.breach
    return LimitInfo(
        name=limit.name,
        value=limit.value,
        unit=limit.unit,
        purpose=limit.purpose,
        breach=LimitBreach(
            effect=breach.effect, status=breach.status, code=breach.code, err=breach.err
        ),
        setting=limit.setting,
    )
