"""How many caches and API keys an account may have, by its plan.

What an account has stays when its plan allows less; only adding is refused.
"""

from attimo.control import accounts, plans
from attimo.control.tx import Tx
from attimo.errors import Exhausted

CACHES, KEYS = "caches", "keys"
_WORDS = {CACHES: "caches", KEYS: "API keys"}


def need_room(tx: Tx, account_id: int, name: str) -> None:
    """Refuse what has just been added, if the account has more than its limit now.

    Args:
        name: `CACHES` or `KEYS`.

    Raises:
        Exhausted: It has.
    """
    most = plans.limits_of(tx, account_id).get(name)
    if isinstance(most, int) and count(tx, account_id)[name] > most:
        raise Exhausted(
            f"Limit exceeded: the account's plan allows {most} {_WORDS[name]} ({name}: {most})"
        )


def count(tx: Tx, account_id: int) -> dict[str, int]:
    """How many of each an account has; what has expired does not count."""
    found = accounts.details(tx, account_id, account_id)
    return {CACHES: found.caches, KEYS: found.api_keys}
