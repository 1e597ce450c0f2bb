"""Every limit of the server, and of the account's plan, over HTTP (not in Momento's API)."""

from collections.abc import Mapping
from functools import partial
from typing import Annotated, Literal

from pydantic import Field
from starlette.requests import Request

from attimo.api import limit_table
from attimo.api.breach import Unit
from attimo.api.caller import Authenticated
from attimo.api.node_stats import NodeStats, StatsOf
from attimo.api.parameters import Given
from attimo.api.routing import Router
from attimo.api.schemas import Model
from attimo.control import account_limits, plan_limits
from attimo.control.account_limits import AccountLimits
from attimo.control.plan_limits import UsedUp

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


class PlanLimit(Model):
    """A limit of the account's plan; without `value` it is unlimited.

    `word` is the value of `transfer_used_up`, which is no number. `used` is how much is used now,
    in this month for `transfer_bytes_per_month`; rates have none. With `is_override`, the operator
    has replaced the plan's value for this account.
    """

    name: str
    value: int | None = None
    word: UsedUp | None = None
    used: int | None = None
    unit: str | None = None
    purpose: str
    is_override: bool


class AccountHold(Model):
    """What happens to data requests since an allowance of the month is used up."""

    kind: Literal["transfer", "budget"]
    effect: Literal["throttle", "block"]
    bytes_per_second: int | None = None


class AccountLimitList(Model):
    """The name of an account's plan, its limits, and what holds it now, if anything does."""

    account_id: int
    plan: str
    limits: list[PlanLimit]
    holds: list[AccountHold]


class AllLimits(LimitList):
    """All limits of the server, and those of the caller's account."""

    account: AccountLimitList


@router.get(operation_id="listLimits")
def list_all(
    caller: Authenticated, given: Annotated[Mapping[str, int], Given(_given)], stats_of: NodeStats
) -> AllLimits:
    """List all limits: value, purpose, what happens beyond it, and the setting that changes it.

    `account` has those of the account's plan, and how much of each is used.
    """
    found = caller.perform(account_limits.own, partial(stored, stats_of))
    return AllLimits(
        limits=[_info(limit) for limit in limit_table.every(given)], account=of_account(found)
    )


def stored(stats_of: StatsOf, cache_id: int) -> int:
    """Return how many bytes the items of a cache take."""
    return (stats_of(cache_id) or {}).get("stored_bytes", 0)


def of_account(found: AccountLimits) -> AccountLimitList:
    """Return the limits of an account, in the order of the reference."""
    return AccountLimitList(
        account_id=found.account_id,
        plan=found.plan,
        limits=[_of_plan(found, name) for name in plan_limits.NAMES],
        holds=[
            AccountHold(kind=kind, effect=hold.effect, bytes_per_second=hold.bytes_per_second)
            for kind, hold in found.holds.items()
        ],
    )


def _of_plan(found: AccountLimits, name: str) -> PlanLimit:
    value = found.limits.get(name)
    kind = plan_limits.KINDS.get(name)
    return PlanLimit(
        name=name,
        value=value if isinstance(value, int) else None,
        word=plan_limits.used_up(found.limits) if kind is None else None,
        used=found.used.get(name),
        unit=kind.unit if kind else None,
        purpose=kind.purpose if kind else plan_limits.USED_UP_PURPOSE,
        is_override=name in found.overrides,
    )


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
