"""What is metered, and the units in which rate cards sell it.

A meter counts whole numbers, so readings add up exactly. A unit says how many of them a price is
for; one that ends in `-hour` or `-month` is for stored data.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum, auto
from fractions import Fraction


class Kind(Enum):
    """What a meter counts."""

    DATA = auto()
    STORED = auto()
    EVENTS = auto()


class Meter(StrEnum):
    """A count of what was used, by cache and API key; stored data by cache and hour."""

    TRANSFERRED_BYTES = "transferred_bytes"
    TRANSFERRED_KIB = "transferred_kib"
    RECEIVED_BYTES = "received_bytes"
    SENT_BYTES = "sent_bytes"
    REQUESTS = "requests"
    COMMANDS = "commands"
    OPERATIONS = "operations"
    ECPU_THOUSANDTHS = "ecpu_thousandths"
    CONNECTIONS = "connections"
    STORED_BYTE_MINUTES = "stored_byte_minutes"
    STORED_BYTE_MINUTES_WITH_OVERHEAD = "stored_byte_minutes_with_overhead"

    @property
    def kind(self) -> Kind:
        """What it counts."""
        return _METERS[self].kind

    @property
    def scale(self) -> Fraction:
        """The bytes, byte-minutes or events that one count stands for."""
        return _METERS[self].scale

    @property
    def meaning(self) -> str:
        """What it counts, in a sentence for the reference."""
        return _METERS[self].meaning


@dataclass(frozen=True, slots=True)
class _Counted:
    kind: Kind
    meaning: str
    scale: Fraction = Fraction(1)


_METERS: Mapping[Meter, _Counted] = {
    Meter.TRANSFERRED_BYTES: _Counted(Kind.DATA, "Bytes received and sent."),
    Meter.TRANSFERRED_KIB: _Counted(
        Kind.DATA,
        "KiB received and sent, each direction of each request rounded up.",
        Fraction(1024),
    ),
    Meter.RECEIVED_BYTES: _Counted(Kind.DATA, "Bytes received."),
    Meter.SENT_BYTES: _Counted(Kind.DATA, "Bytes sent."),
    Meter.REQUESTS: _Counted(Kind.EVENTS, "Requests, failed ones included."),
    Meter.COMMANDS: _Counted(Kind.EVENTS, "Commands: each item of a batch is one."),
    Meter.OPERATIONS: _Counted(
        Kind.EVENTS, "Momento's operations: KiB of each item and element, rounded up, at least 1."
    ),
    Meter.ECPU_THOUSANDTHS: _Counted(
        Kind.EVENTS, "Thousandths of ElastiCache's processing units (ECPU).", Fraction(1, 1000)
    ),
    Meter.CONNECTIONS: _Counted(Kind.EVENTS, "Connections that were opened."),
    Meter.STORED_BYTE_MINUTES: _Counted(
        Kind.STORED, "Stored bytes of keys and values, each minute."
    ),
    Meter.STORED_BYTE_MINUTES_WITH_OVERHEAD: _Counted(
        Kind.STORED, "The same with the memory that items take beside keys and values."
    ),
}


class Span(Enum):
    """The time that is part of a unit of stored data."""

    HOUR = auto()
    MONTH = auto()


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit in which something is sold.

    Attributes:
        name: As cards and bills write it.
        meters: What it can measure.
        size: The bytes or events of one.
        span: For stored data: the time that it is stored.
    """

    name: str
    meters: frozenset[Meter]
    size: int
    span: Span | None = None


_BYTES = {
    "KB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "TB": 10**12,
    "KiB": 2**10,
    "MiB": 2**20,
    "GiB": 2**30,
    "TiB": 2**40,
}
_EVENTS = {
    "request": Meter.REQUESTS,
    "command": Meter.COMMANDS,
    "operation": Meter.OPERATIONS,
    "ECPU": Meter.ECPU_THOUSANDTHS,
    "connection": Meter.CONNECTIONS,
}


def _of(kind: Kind) -> frozenset[Meter]:
    return frozenset(meter for meter in Meter if meter.kind is kind)


_UNITS = (
    *(Unit(name, _of(Kind.DATA), size) for name, size in _BYTES.items()),
    *(Unit(f"{name}-hour", _of(Kind.STORED), size, Span.HOUR) for name, size in _BYTES.items()),
    *(Unit(f"{name}-month", _of(Kind.STORED), size, Span.MONTH) for name, size in _BYTES.items()),
    *(Unit(name, frozenset({meter}), 1) for name, meter in _EVENTS.items()),
)
UNITS: Mapping[str, Unit] = {unit.name: unit for unit in _UNITS}
"""Every unit, by its name."""
