"""The limits of a cache that clients are shown, all of which are enforced.

The data plane enforces the size of an item, which is a setting. Nothing else is limited by cache,
so the other numbers are the largest that every client can read.
"""

from dataclasses import dataclass

from attimo.control.actions import reads
from attimo.control.permissions import Right
from attimo.control.tx import Tx

UNLIMITED = 2**31 - 1
"""On the wire these are `uint32`, which Java reads as `int`; 0 would forbid everything."""


@dataclass(frozen=True, slots=True)
class CacheLimits:
    """Of a cache: requests and KiB per second, the largest item in KiB, the longest TTL.

    2,147,483,647 means that there is no limit.
    """

    max_traffic_rate: int = UNLIMITED
    max_throughput_kbps: int = UNLIMITED
    max_item_size_kb: int = 4_883
    max_ttl_seconds: int = UNLIMITED


@dataclass(frozen=True, slots=True)
class TopicLimits:
    """Of a cache's topics, which are not served: zero."""

    max_publish_rate: int = 0
    max_subscription_count: int = 0
    max_publish_message_size_kb: int = 0


@reads("limit.list", Right("account_management", "read"))
def check(tx: Tx, account_id: int) -> None:
    """Check the permission to list the server's limits, which are not in the database."""
