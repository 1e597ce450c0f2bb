"""A route of data, with a request that it takes and the method that it is counted as.

The tests of each data type have its routes in `ROUTES`; `routes.py` has all. What a caller must be
allowed to do is said by method in `conformance.python.test_permissions`; here it stands again by
route, so that the server's own table is judged and not repeated.
"""

from dataclasses import dataclass, field
from typing import Any

import httpx

from conformance.http.client_count import Counted
from conformance.http.items import Items

KEY = "key"
READS = {"read"}
WRITES = {"write"}
BOTH = {"read", "write"}


@dataclass(frozen=True)
class Route:
    """One way to ask for one thing."""

    api: str
    """The method that it is counted as."""
    needs: set[str]
    """What its caller must be allowed to do."""
    method: str
    below: str = ""
    query: dict[str, Any] = field(default_factory=dict)
    body: object = None
    headers: dict[str, str] = field(default_factory=dict)
    names_key: bool = True
    """Whether the query says which item it is about, and not the body."""
    of_prefix: bool = False
    """Whether it is about all keys that start with `KEY`."""
    counts: Counted | None = None
    """What it counts for, if only HTTP has the method: no gRPC call says so."""

    def __str__(self) -> str:
        return f"{self.method} {self.below} {self.api}"

    def ask(self, items: Items, **more: Any) -> httpx.Response:
        """Send it."""
        query = ({"key": KEY} if self.names_key else {}) | self.query | more
        return items.ask(self.method, self.below, self.body, self.headers, **query)
