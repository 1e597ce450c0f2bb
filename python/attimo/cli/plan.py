"""attimo plan: what accounts may use, for the operator of a server; and one's own limits."""

from collections.abc import Mapping
from typing import Any

from attimo.cli import account_option, ask
from attimo.cli.command import Group, command
from attimo.cli.http_client import HttpClient
from attimo.cli.options import argument, dry_run, option, yes
from attimo.cli.plan_options import UNLIMITED, assignments, shown, typed, which, without
from attimo.cli.shapes import Column, Done, Listing, Record, View, page, quoted
from attimo.cli.target import asks_server

group = Group("plan", help="Plans: what accounts may use. For the operator of a server.")

NAME = Column("name")
LIMITS = Column("limits", "data")
COLUMNS = (NAME, Column("accounts", "number"), LIMITS)
ACCOUNT = (Column("account_id", "number"), Column("plan"), Column("overrides", "data"))


class _Limits(Listing):
    """Limits of an account; a table has the value as it is typed."""

    def text(self, answer: Any, view: View) -> None:
        """Print a table."""
        _TABLE.text([_row(each) for each in page(answer)[0]], view)


_TABLE = Listing(
    NAME,
    Column("limit"),
    Column("used", "number", none="-"),
    Column("unit", none=""),
    Column("of", title="Set by"),
    Column("purpose", "prose", wide=True),
)


@command(
    group, "list", shape=Listing(*COLUMNS), examples=["attimo plan list", "attimo plan list --json"]
)
@asks_server
def list_plans(client: HttpClient) -> list[dict[str, Any]]:
    """List the plans of the server; what a plan does not limit is unlimited."""
    return client.plans()


@command(
    group,
    shape=Record(*COLUMNS),
    examples=["attimo plan show free", "attimo plan show free --json"],
)
@which
@asks_server
def show(client: HttpClient, plan: str) -> dict[str, Any]:
    """Show a plan."""
    return client.plan(plan)


@command(
    group,
    shape=_Limits(
        NAME,
        Column("value", "number", none="unlimited"),
        Column("word", none=""),
        Column("used", "number", none="-"),
        Column("unit", none=""),
        Column("is_override", "flag"),
        Column("plan"),
        Column("purpose", "prose"),
    ),
    examples=["attimo plan limits", "attimo plan limits --account team-a --json"],
)
@account_option.one("Show the limits of this account.")
@asks_server
def limits(client: HttpClient, account: str | None) -> list[dict[str, Any]]:
    """Show the limits of your account, and how much of each is used.

    Everybody with a role that may read the account can do this.
    """
    found = (
        client.own_limits()
        if account is None
        else client.account_limits(account_option.id_of(client, account))
    )
    return [each | {"plan": found["plan"]} for each in found["limits"]]


@command(
    group,
    shape=Done("Created the plan '{name}'.", *COLUMNS),
    examples=[
        "attimo plan create small caches=5 transfer_bytes_per_month=50GiB",
        "attimo plan create strict operations_per_second=1000 transfer_used_up=block --json",
    ],
)
@argument("name", "Name of the new plan: a-z, 0-9 and -.")
@assignments("Limits, such as caches=5 or stored_bytes=2GiB; others are unlimited.", required=False)
@asks_server
def create(client: HttpClient, name: str, limits: tuple[str, ...]) -> dict[str, Any]:
    """Create a plan. docs/reference/plans.md lists the limits."""
    return client.create_plan(name, typed(limits))


@command(
    group,
    shape=Done("Changed the plan '{name}'.", *COLUMNS),
    examples=[
        "attimo plan update free caches=5 keys=20",
        "attimo plan update free caches=unlimited --json",
    ],
)
@which
@assignments("Limits to change, such as caches=5 or caches=unlimited.", required=True)
@asks_server
def update(client: HttpClient, plan: str, limits: tuple[str, ...]) -> dict[str, Any]:
    """Change limits of a plan, at once for all accounts that have it.

    Accounts keep what they have, also beyond new limits, but cannot add to it.
    """
    return client.change_plan(plan, client.plan(plan)["limits"] | typed(limits))


@command(
    group,
    shape=Done(
        lambda told: f"{ask.did('Deleted', told)} the plan {quoted(told['name'])}.",
        NAME,
        Column("successor", none=""),
        Column("dry_run", "flag"),
    ),
    examples=[
        "attimo plan delete small --dry-run",
        "attimo plan delete small --successor free --yes",
    ],
)
@which
@option("--successor", metavar="PLAN", help="The plan that its accounts get.")
@yes
@dry_run
@asks_server
def delete(
    client: HttpClient, plan: str, successor: str | None, yes: bool, dry_run: bool
) -> dict[str, Any]:
    """Delete a plan; one that accounts have needs a successor."""
    found = client.plan(plan)
    if not dry_run:
        ask.confirm(f"Delete the plan {quoted(plan)}? This can't be undone.", yes)
        client.delete_plan(plan, successor)
    return {"name": found["name"], "successor": successor, "dry_run": dry_run}


@command(
    group,
    shape=Done(
        lambda told: (
            f"The account {told['account_id']} has the plan {quoted(told['plan'])}"
            f"{_with(told['overrides'])}."
        ),
        *ACCOUNT,
    ),
    examples=[
        "attimo plan assign team-a small",
        "attimo plan assign team-a small caches=10 keys=unlimited",
        "attimo plan assign team-a small caches=plan --json",
    ],
)
@account_option.which
@which
@assignments("Limits for this account alone: a value, `unlimited`, or `plan`.", required=False)
@asks_server
def assign(client: HttpClient, account: str, plan: str, limits: tuple[str, ...]) -> dict[str, Any]:
    """Give an account a plan, or change limits for this account alone.

    The account keeps its other overrides. `caches=plan` removes one.
    """
    account_id = account_option.id_of(client, account)
    before = client.account_limits(account_id)["limits"]
    overrides = {each["name"]: _value(each) for each in before if each["is_override"]}
    wanted = without(overrides | typed(limits), [each["name"] for each in before])
    client.assign_plan(account_id, plan, wanted)
    return {"account_id": account_id, "plan": plan, "overrides": wanted}


def _value(limit: Mapping[str, Any]) -> int | str | None:
    found: int | str | None = limit.get("word", limit.get("value"))
    return found


def _with(overrides: dict[str, Any]) -> str:
    return f", and {shown(overrides)}" if overrides else ""


def _row(limit: Mapping[str, Any]) -> dict[str, Any]:
    value = _value(limit)
    shown = f"{value:,}" if isinstance(value, int) else value
    of = "override" if limit["is_override"] else f"plan {limit['plan']}"
    return {**limit, "limit": shown or UNLIMITED, "of": of}
