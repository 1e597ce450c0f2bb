"""Notes in the audit log when a cache begins to lose items to eviction; the entry is an event.

There is one entry, and the next one only after evictions have paused for some minutes. The ledger
tells whether they have, so a restart does not repeat it.
"""

from collections.abc import Iterable, Mapping
from typing import Protocol

from attimo.control import audit
from attimo.control.actions import SERVER, writes
from attimo.control.tx import Tx

PAUSE_SECONDS = 600
KEY, API = "server", "Evict"
"""As which evictions are counted."""

_IS_NEW = """
SELECT account_id, name FROM caches WHERE id = :id AND deleted_at IS NULL AND NOT EXISTS (
    SELECT 1 FROM usage_minutes JOIN usage_series ON usage_series.id = series_id
    WHERE usage_minutes.account_id = caches.account_id AND usage_minutes.at > :since
    AND cache_id = caches.id AND key_id = :key AND api = :api
)
"""


class Used(Protocol):
    """See `attimo.control.usage.Used`."""

    @property
    def cache_id(self) -> int: ...  # noqa: D102
    @property
    def api(self) -> str: ...  # noqa: D102
    @property
    def counts(self) -> Mapping[str, int]: ...  # noqa: D102


@writes("eviction.begin", SERVER)
def note(tx: Tx, batch: Iterable[Used]) -> None:
    """Note the caches whose evictions begin with a batch, which is not in the ledger yet."""
    evicted: dict[int, int] = {}
    for used in batch:
        if used.api == API:
            evicted[used.cache_id] = evicted.get(used.cache_id, 0) + used.counts["evicted"]
    for id, many in evicted.items():
        values = {"id": id, "since": tx.now - PAUSE_SECONDS}
        for account_id, name in tx.db.rows(_IS_NEW, **values, key=KEY, api=API):
            audit.note_of_system(tx, account_id, "eviction.begin", name, evicted=many)
