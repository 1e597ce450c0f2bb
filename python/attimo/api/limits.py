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


class Breach(Model):
    """What happens when the limit is exceeded: as text, and as the error if there is one."""

    effect: str
    status: int | None = None
    code: str | None = None
    err: str | None = None


class Shown(Model):
    """A limit; `setting` is the setting that changes it, if there is one."""

    name: str
    value: int
    unit: Unit
    purpose: str
    breach: Annotated[Breach, Field(description="What happens when the limit is exceeded.")]
    setting: str | None = None


class Listed(Model):
    """All limits."""

    limits: list[Shown]


async def _given(request: Request) -> Mapping[str, int]:
    given: Mapping[str, int] = request.app.state.limits
    return given


async def _of_caches(request: Request) -> CacheLimits:
    found: CacheLimits = request.app.state.control.cache_limits
    return found


OfCaches = Annotated[CacheLimits, Given(_of_caches)]


@router.get(operation_id="listLimits")
def list_all(caller: Authenticated, given: Annotated[Mapping[str, int], Given(_given)]) -> Listed:
    """List all limits: value, purpose, what happens beyond it, and the setting that changes it."""
    caller.perform(limits.check)
    return Listed(limits=[_shown(limit) for limit in limit_table.every(given)])


def _shown(limit: limit_table.Limit) -> Shown:
    breach = limit.breach
    return Shown(
        name=limit.name,
        value=limit.value,
        unit=limit.unit,
        purpose=limit.purpose,
        breach=Breach(effect=breach.effect, status=breach.status, code=breach.code, err=breach.err),
        setting=limit.setting,
    )
