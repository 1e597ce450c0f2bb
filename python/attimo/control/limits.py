"""The limits of a cache that clients are shown, all of which are enforced.

They are the server's, and those of the account's plan; what is not limited is shown as the largest
number that every client can read.
"""

from collections.abc import Mapping
from dataclasses import dataclass

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

    def within(self, numbers: Mapping[str, int]) -> "CacheLimits":
        """The same in an account with these limits: of each, the lowest.

        What the account has in common for all of its caches limits each of them, too.
        """

        def least(server: int, *names: str, unit: int = 1) -> int:
            found = (max(numbers[name] // unit, 1) for name in names if name in numbers)
            return min((server, *found))

        return CacheLimits(
            least(self.max_traffic_rate, "operations_per_second", "cache_operations_per_second"),
            least(
                self.max_throughput_kbps,
                "bytes_in_per_second",
                "bytes_out_per_second",
                "cache_bytes_in_per_second",
                "cache_bytes_out_per_second",
                unit=1024,
            ),
            least(self.max_item_size_kb, "item_bytes", unit=1024),
            least(self.max_ttl_seconds, "ttl_seconds"),
        )


@dataclass(frozen=True, slots=True)
class TopicLimits:
    """Of a cache's topics: messages per second, subscriptions, the largest message in KiB.

    2,147,483,647 means that there is no limit.
    """

    max_publish_rate: int = UNLIMITED
    max_subscription_count: int = UNLIMITED
    max_publish_message_size_kb: int = 1_024

    def within(self, numbers: Mapping[str, int]) -> "TopicLimits":
        """The same in an account with these limits."""
        published = numbers.get("publishes_per_second", UNLIMITED)
        subscriptions = numbers.get("subscriptions", UNLIMITED)
        return TopicLimits(
            min(published, UNLIMITED),
            min(subscriptions, UNLIMITED),
            self.max_publish_message_size_kb,
        )
