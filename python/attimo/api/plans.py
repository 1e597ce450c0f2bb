"""Plans, and the limits of accounts, over HTTP, for callers with `server_management`.

Not in Momento's API.
"""

from functools import partial
from typing import Annotated, Any

from pydantic import ConfigDict, Field, RootModel

from attimo.api.accounts import AccountId
from attimo.api.caller import Authenticated
from attimo.api.limits import AccountLimitList, of_account, stored
from attimo.api.node_stats import NodeStats
from attimo.api.routing import Router
from attimo.api.schemas import Model, StrictModel
from attimo.control import account_limits, plan_limits, plans
from attimo.control.plans import Plan

router = Router("", "plans")

_NUMBERS: dict[str, Any] = {
    name: {
        "anyOf": [
            {"type": "integer", "minimum": kind.least, "maximum": kind.most},
            {"type": "null"},
        ],
        "description": f"{kind.purpose} In {kind.unit}.",
    }
    for name, kind in plan_limits.KINDS.items()
}
_SCHEMA: dict[str, Any] = {
    "properties": _NUMBERS
    | {
        plan_limits.USED_UP: {
            "enum": list(plan_limits.CHOICES),
            "description": plan_limits.USED_UP_PURPOSE,
        }
    },
    "additionalProperties": False,
}


class LimitValues(RootModel[dict[str, Any]]):
    """Limits by name; null is unlimited. What is missing is unlimited in a plan, and as in the plan
    in overrides."""

    model_config = ConfigDict(defer_build=True, json_schema_extra=_SCHEMA)


PlanName = Annotated[
    str,
    Field(
        description=f"The plan's name: {plans.NAME_RULE}.",
        json_schema_extra={"pattern": f"^{plans.PATTERN}$"},
    ),
]


class ChangePlan(StrictModel):
    """All limits of a plan."""

    limits: LimitValues


class CreatePlan(ChangePlan):
    """A plan to create."""

    name: PlanName


class AssignPlan(StrictModel):
    """The plan of an account, and the limits that replace the plan's for this account."""

    plan: PlanName
    overrides: LimitValues = LimitValues({})


class PlanInfo(Model):
    """A plan; `accounts` is how many have it. Those of every server have no `created_at`."""

    name: str
    limits: dict[str, int | str]
    accounts: int
    created_at: int | None = None


class PlanList(Model):
    """All plans of a server."""

    plans: list[PlanInfo]


@router.get("/plans", operation_id="listPlans")
def list_all(caller: Authenticated) -> PlanList:
    """List the plans of the server, by name."""
    return PlanList(plans=[_info(each) for each in caller.perform(plans.list_all)])


@router.post("/plans", status=201, operation_id="createPlan", refuses=(409,))
def create(caller: Authenticated, body: CreatePlan) -> PlanInfo:
    """Create a plan."""
    return _info(caller.perform(plans.create, body.name, body.limits.root))


@router.get("/plans/{name}", operation_id="getPlan", refuses=(404,))
def get(caller: Authenticated, name: PlanName) -> PlanInfo:
    """Show a plan."""
    return _info(caller.perform(plans.get, name))


@router.put("/plans/{name}", operation_id="changePlan", refuses=(404, 412))
def change(caller: Authenticated, name: PlanName, body: ChangePlan) -> PlanInfo:
    """Replace all limits of a plan, at once for every account that has it."""
    return _info(caller.perform(plans.change, name, body.limits.root))


@router.delete("/plans/{name}", status=204, operation_id="deletePlan", refuses=(404, 412))
def delete(caller: Authenticated, name: PlanName, successor: PlanName | None = None) -> None:
    """Delete a plan. Accounts that have it get the one in `successor`."""
    caller.perform(plans.delete, name, successor)


@router.get("/accounts/{account_id}/limits", operation_id="getAccountLimits", refuses=(404,))
def limits_of(
    caller: Authenticated, account_id: AccountId, stats_of: NodeStats
) -> AccountLimitList:
    """Show the plan and the limits of an account, and how much of each is used."""
    return of_account(
        caller.perform(account_limits.of_account, account_id, partial(stored, stats_of))
    )


@router.put("/accounts/{account_id}/limits", status=204, operation_id="assignPlan", refuses=(404,))
def assign(caller: Authenticated, account_id: AccountId, body: AssignPlan) -> None:
    """Give an account a plan, and replace all its overrides, at once.

    The account keeps what it has, also beyond its new limits, but cannot add to it.
    """
    caller.perform(plans.assign, account_id, body.plan, body.overrides.root)


def _info(plan: Plan) -> PlanInfo:
    return PlanInfo(
        name=plan.name,
        limits={name: value for name, value in plan.limits.items() if value is not None},
        accounts=plan.accounts,
        created_at=plan.created_at or None,
    )
