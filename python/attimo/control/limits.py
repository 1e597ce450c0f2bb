"""What the clients are told of limits: the figures that Momento's own clients expect to hear.

Here is the one place of these numbers. None of them is enforced by the control plane; the size of
an item is a setting, which the data plane enforces.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CacheLimits:
    """Of a cache: requests a second, KiB a second, the largest item, its longest life."""

    max_traffic_rate: int = 500
    max_throughput_kbps: int = 10_240
    max_item_size_kb: int = 4_883
    max_ttl_seconds: int = 86_400


@dataclass(frozen=True, slots=True)
class TopicLimits:
    """Of the topics of a cache: messages a second, subscriptions, the largest message."""

    max_publish_rate: int = 100
    max_subscription_count: int = 100
    max_publish_message_size_kb: int = 100
