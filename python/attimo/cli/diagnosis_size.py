"""Check whether the memory of a server is enough for how it is used."""

from collections.abc import Mapping

from attimo.cli import durations
from attimo.cli.account_option import EVERY
from attimo.cli.diagnosis import OK, WARNING, Finding
from attimo.cli.http_client import HttpClient
from attimo.cli.metrics import Page
from attimo.errors import AttimoError

DAY = 86_400
TOLERATED = 0.05
"""The part of all reads that may miss because of evictions, where memory is still enough."""

_ADVICE = (
    "Raise --memory (docs/reference/sizing.md) or use shorter TTLs; whose items are evicted: "
    "attimo usage --by account,cache --since 1d"
)
_MIB = 1024 * 1024


def size(client: HttpClient, page: Page) -> Finding:
    """Check the memory of a server by its usage of the last 24 hours, of all accounts."""
    try:
        asked = {"since": durations.moment_before(DAY), "accounts": EVERY}
        used = client.usage(asked)["totals"]
    except AttimoError as error:  # the owner's key may be revoked
        return Finding("size", OK, f"not checked: {error}")
    return judged(page, used)


def judged(page: Page, used: Mapping[str, int]) -> Finding:
    """Whether memory is enough.

    A read of an evicted item misses, and a program then writes the item again. So more memory
    would have turned at most as many misses into hits as there were evictions.

    Args:
        page: The metrics of the server.
        used: What was counted in a day: `evicted`, `hits` and `misses`.
    """
    reads, lost = used["hits"] + used["misses"], min(used["evicted"], used["misses"])
    words = f"{_occupied(page)}; in 24 h, {used['evicted']:,} items were evicted, "
    words += f"{used['hits'] / reads:.0%} of {reads:,} reads hit" if reads else "nothing was read"
    if not used["evicted"] or (reads and lost < reads * TOLERATED):
        return Finding("size", OK, f"memory is enough: {words}")
    why = f"Up to {lost / reads:.0%} of reads missed because of evictions. " if reads else ""
    return Finding("size", WARNING, f"memory is too small: {words}", why + _ADVICE)


def _occupied(page: Page) -> str:
    stored = int(page.sum("attimo_stored_bytes")) // _MIB
    return f"{stored:,} of {int(page.sum('attimo_memory_allowance_bytes')) // _MIB:,} MiB used"
