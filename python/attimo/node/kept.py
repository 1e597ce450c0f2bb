"""Usage that could not be recorded before the server stopped, stored for its next start."""

import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass

from attimo.node import batches
from attimo.node.batches import Batch
from attimo.reserve import Reserve

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Kept:
    """Batches in the reserve of a data directory."""

    reserve: Reserve

    def read(self) -> list[Batch]:
        """Return the stored batches; the ledger records each once, however often it is read."""
        try:
            return list(self._batches())
        except (OSError, ValueError, TypeError, KeyError) as error:
            log.error("usage in the reserve of the data directory cannot be read: %s", error)
            return []

    def is_empty(self) -> bool:
        """Return whether no later start can read a batch."""
        try:
            return not self.reserve.kept()
        except OSError:
            return False

    def add(self, batch: Batch) -> bool:
        """Store a batch; False if that is not possible."""
        text = json.dumps(batches.to_json(batch), separators=(",", ":"))
        try:
            return self.reserve.keep(text.encode())
        except OSError as error:
            log.error("the reserve of the data directory cannot be written: %s", error)
            return False

    def clear(self) -> None:
        """Delete the batches, which are in the ledger now."""
        try:
            self.reserve.clear()
        except OSError as error:
            log.warning("the reserve of the data directory cannot be written: %s", error)

    def _batches(self) -> Iterator[Batch]:
        for record in self.reserve.kept():
            yield batches.of_json(json.loads(record))
