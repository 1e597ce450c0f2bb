"""What the page for operators says of the server, as the server itself knows it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Health:
    """A running server, at a moment.

    Attributes:
        started_at: When it started, in seconds since 1970.
        listeners: Its addresses, as an operator would write them.
        certificate_ends: Until when the certificate in use is valid; None without TLS.
        data_threads: How many threads serve data.
        memory_bytes: The memory for items.
        is_writable: Whether the database could be written when it was last tried.
        failures: How often usage could not be recorded since it last was.
    """

    started_at: int
    listeners: Sequence[str]
    certificate_ends: datetime | None
    data_threads: int
    memory_bytes: int
    is_writable: bool
    failures: int
