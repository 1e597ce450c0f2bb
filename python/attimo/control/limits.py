"""What the clients are told of a cache's limits, each of which is kept.

The size of an item is a setting, which the data plane enforces. Nothing limits requests, bytes or
life by cache, so that is what is declared: the largest number that every client can read.
"""

from dataclasses import dataclass

from attimo.control.actions import reads
from attimo.control.permissions import Right
from attimo.control.tx import Tx

UNLIMITED = 2**31 - 1
"""On the wire these are `uint32`, which Java reads as `int`; 0 would forbid everything."""


@dataclass(frozen=True, slots=True)
class CacheLimits:
    """Of a cache: requests a second, KiB a second, the largest item in KiB, its longest life.

    2,147,483,647 means that there is no limit.
    """

    max_traffic_rate: int = UNLIMITED
    max_throughput_kbps: int = UNLIMITED
    max_item_size_kb: int = 4_883
    max_ttl_seconds: int = UNLIMITED


@dataclass(frozen=True, slots=True)
class TopicLimits:
    """Of the topics of a cache, which are not served: nothing can be published or subscribed to."""

    max_publish_rate: int = 0
    max_subscription_count: int = 0
    max_publish_message_size_kb: int = 0


@reads("limit.list", Right("account_management", "read"))
def check(tx: Tx, account_id: int) -> None:
    """Let a caller read the limits of the server, which are not in the database."""
