"""A server whose disk is full at its start serves data, and makes no changes.

It makes changes again as soon as the reserve of the data directory can be filled.
"""

import contextlib
import logging
import os
from dataclasses import dataclass, field
from errno import ENOSPC

from attimo.errors import StoreUnavailable
from attimo.reserve import Reserve

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Space:
    """Whether there is space for changes.

    Attributes:
        reserve: The data directory's.
    """

    reserve: Reserve
    is_short: bool = field(default=False, init=False)

    def begin(self, has_data: bool) -> None:
        """Fill the reserve, or use it, before anything else is written.

        Args:
            has_data: Whether there is a database; a new one needs space.

        Raises:
            OSError: The disk is full and there is no database, or the disk cannot be written for
                another reason.
        """
        self.is_short = not self.reserve.fill()
        if self.is_short and not has_data:
            raise OSError(ENOSPC, os.strerror(ENOSPC))
        if self.is_short:
            self.reserve.give()
            log.warning("the disk is full: data is served, but nothing can be changed")

    def need(self) -> None:
        """Check for space, if there was none.

        Raises:
            StoreUnavailable: There is still none.
        """
        if not self.is_short:
            return
        if not self._is_filled():
            raise StoreUnavailable(
                "The disk of the server is full: data is served, but nothing can be changed"
            )
        self.is_short = False
        log.warning("there is space on the disk again")

    def end(self) -> None:
        """Fill the reserve again with what the database has left free, for the next start."""
        with contextlib.suppress(OSError):
            self.reserve.fill()

    def _is_filled(self) -> bool:
        try:
            is_filled = self.reserve.fill()
            if not is_filled:
                self.reserve.give()
        except OSError as error:
            log.warning("the reserve of the data directory cannot be written: %s", error)
            return False
        return is_filled
