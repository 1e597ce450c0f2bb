"""The reference of plans, from the limits that the program knows."""

from collections.abc import Iterator

from attimo.control import plan_limits, plans
from attimo.control.plan_limits import KINDS, TRANSFER, USED_UP

INTRODUCTION = f"""\
A plan is a name and a set of limits; [plans and bills](../how-to/plans-and-bills.md) shows how to
use them. What a plan does not limit is unlimited, and nothing else depends on an account's plan:
every account has every feature. A name has {plans.NAME_RULE}; a
server has up to {plans.MOST} plans.

Every server has two plans: `{plan_limits.FREE}`, which new accounts get, and
`{plan_limits.UNLIMITED}`, which the account that owns the server has. The first can be changed,
and neither can be deleted. An override replaces one limit of the plan for one account."""

RATE = "refused with 429, `{}_rate_limit_exceeded` and `Retry-After`"


def _rates(what: str) -> list[str]:
    return [f"{whose}{what}_per_second" for whose in ("", "cache_", "key_")]


ENFORCED = {
    "caches": "refused with 429 and `quota_exceeded`",
    "keys": "refused with 429 and `quota_exceeded`",
    plan_limits.CALLS: RATE.format("operations"),
    **dict.fromkeys(_rates("operations"), RATE.format("operations")),
    **dict.fromkeys(_rates("bytes_in"), RATE.format("throughput")),
    **dict.fromkeys(_rates("bytes_out"), RATE.format("throughput")),
    "stored_bytes": "stored, and items of the account that are used little are evicted",
    TRANSFER: f"as `{USED_UP}` says: sent and received nevertheless, slower, or refused with 429 "
    "and `throughput_rate_limit_exceeded`",
    plan_limits.THROTTLE: RATE.format("throughput"),
    "item_bytes": "refused with 413 and `item_size_limit_exceeded`",
    "element_bytes": "refused with 413 and `element_size_limit_exceeded`",
    "ttl_seconds": "refused with 400 and `invalid_argument`",
}
"""What happens to what is beyond a limit."""


def lines(note: str) -> Iterator[str]:
    """The page."""
    yield from ("# Plans", "", note, "", INTRODUCTION)
    yield from ("", "## Limits", "")
    yield from ("| limit | of what | unit | from | to |", "|---|---|---|---|---|")
    for name, kind in KINDS.items():
        yield f"| `{name}` | {kind.purpose} | {kind.unit} | {kind.least:,} | {kind.most:,} |"
    words = ", ".join(f"`{word}`" for word in plan_limits.CHOICES)
    yield ""
    yield f"`{USED_UP}` says what happens once `{TRANSFER}` are used up: {words}. Without it, that"
    yield f"is `{plan_limits.used_up({})}`."
    yield from ("", "## Beyond a limit", "")
    yield "An account that has more than its plan allows, since the plan was changed or it got"
    yield "another one, keeps what it has. What it would add is refused. The message names the"
    yield "limit and its value. [How limits work](../explanation/limits.md)."
    yield from ("", "| limit | what is beyond it is |", "|---|---|")
    yield from (f"| `{name}` | {effect} |" for name, effect in ENFORCED.items())
