"""The host names of a certificate."""

import ipaddress

PREFIXES = (
    "cache",
    "control",
    "token",
    "api.cache",
    "web.cache",
    "web.control",
    "web.token",
    "storage",
)
"""The hosts that the official clients derive from an endpoint."""


def names(*endpoints: str) -> list[str]:
    """Every name and address that clients use for these endpoints, each once."""
    return list(dict.fromkeys(name for each in endpoints for name in _of_one(each)))


def _of_one(endpoint: str) -> list[str]:
    if is_address(endpoint):
        return [endpoint]
    derived = [endpoint, *(f"{prefix}.{endpoint}" for prefix in PREFIXES)]
    return [*derived, "127.0.0.1", "::1"] if endpoint == "localhost" else derived


def is_address(name: str) -> bool:
    """Whether a name is an IP address."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
