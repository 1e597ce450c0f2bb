"""How long requests took, as answers have it."""

from typing import Self

from attimo.api.schemas import Model
from attimo.control.durations import Percentiles


class Latency(Model):
    """How long requests took that succeeded, from their arrival until the answer was written.

    In microseconds, each within 6.25 %: half of the requests took at most `p50`, 99 % at most `p99`
    and 99.9 % at most `p999`.
    """

    p50: float
    p99: float
    p999: float

    @classmethod
    def of(cls, found: Percentiles | None) -> Self | None:
        """Return percentiles as answers have them."""
        return None if found is None else cls(p50=found.p50, p99=found.p99, p999=found.p999)
