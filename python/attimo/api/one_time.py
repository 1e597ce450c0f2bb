"""Values that wait for the next request of somebody who has begun to sign in.

Each has a secret token, with which it is taken once. They are in memory, within bounds, and lost at
a restart: whoever has begun then begins again.
"""

import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

SECONDS = 5 * 60
"""How long a value waits."""
MOST = 10_000
"""How many wait; a new one replaces the oldest."""

Value = TypeVar("Value")


@dataclass(slots=True)
class OneTime(Generic[Value]):
    """Values by token; `clock` returns the seconds since 1970."""

    clock: Callable[[], int]
    _values: OrderedDict[str, tuple[int, Value]] = field(default_factory=OrderedDict, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def put(self, value: Value) -> str:
        """Keep a value for a while; return its token."""
        token = secrets.token_urlsafe(32)
        with self._lock:
            self._values[token] = self.clock() + SECONDS, value
            if len(self._values) > MOST:
                self._values.popitem(last=False)
        return token

    def take(self, token: str) -> Value | None:
        """Return the value of a token, once; None if there is none any more."""
        with self._lock:
            until, value = self._values.pop(token, (0, None))
        return value if until > self.clock() else None
