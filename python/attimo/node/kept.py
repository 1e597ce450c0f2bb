"""Usage that could not be recorded when a server ended, kept for its next start."""

import json
import logging
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields

from attimo.control.usage import Batch
from attimo.reserve import Reserve

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Used:
    """See `attimo.control.usage.Used`."""

    cache_id: int
    key_id: str
    api: str
    requests: int
    errors: int
    hits: int
    misses: int
    bytes_in: int
    bytes_out: int
    kib_in: int
    kib_out: int
    evicted: int = 0


@dataclass(frozen=True, slots=True)
class _Batch:
    """See `attimo.control.usage.Batch`."""

    node: str
    number: int
    used: list[_Used]


NAMES = tuple(field.name for field in fields(_Used))


@dataclass(frozen=True, slots=True)
class Kept:
    """Batches in the reserve of a data directory."""

    reserve: Reserve

    def read(self) -> list[Batch]:
        """What an earlier server has kept; the ledger takes each once, however often it is read."""
        try:
            return list(self._batches())
        except (OSError, ValueError, TypeError, KeyError) as error:
            log.error("usage in the reserve of the data directory cannot be read: %s", error)
            return []

    def add(self, batch: Batch) -> bool:
        """Keep a batch; False if that is not possible."""
        used = [_Used(**{name: getattr(each, name) for name in NAMES}) for each in batch.used]
        text = json.dumps(asdict(_Batch(batch.node, batch.number, used)), separators=(",", ":"))
        try:
            return self.reserve.keep(text.encode())
        except OSError as error:
            log.error("the reserve of the data directory cannot be written: %s", error)
            return False

    def clear(self) -> None:
        """Forget what was kept: it is in the ledger."""
        try:
            self.reserve.clear()
        except OSError as error:
            log.warning("the reserve of the data directory cannot be written: %s", error)

    def _batches(self) -> Iterator[Batch]:
        for record in self.reserve.kept():
            read = json.loads(record)
            used = [_Used(**each) for each in read["used"]]
            yield _Batch(read["node"], read["number"], used)
