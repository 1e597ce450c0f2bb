"""Whether the control plane is ready, for `/ready`."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from attimo.control import Control, directory
from attimo.errors import StoreUnavailable

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Readiness:
    """Combines what is known, and reports it to the node.

    Attributes:
        tell: Receives the state.
    """

    tell: Callable[[Literal["starting", "ready", "read-only"]], None]
    _started: bool = field(default=False, init=False)
    _writable: bool = field(default=True, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    @property
    def is_writable(self) -> bool:
        """Whether the database could be written when it was last tried."""
        return self._writable

    def started(self) -> None:
        """Note that the control app answers."""
        with self._lock:
            self._started = True
            self._tell()

    def wrote(self, writable: bool) -> None:
        """Note whether the database could be written."""
        with self._lock:
            if writable == self._writable:
                return
            self._writable = writable
            self._tell()
        log.warning("the database can%s be written", " again" if writable else "not")

    def look(self, control: Control) -> None:
        """Check the database, and try to write if that failed before.

        Without control requests, nothing else would try.
        """
        if self._writable:
            self._check(control)
            return
        try:
            with control.begin() as tx:
                directory.rewrite(tx)
        except StoreUnavailable as error:
            log.debug("still not: %s", error)

    def _check(self, control: Control) -> None:
        try:
            control.database.check()
        except StoreUnavailable as error:
            log.error("%s", error)
            self.wrote(False)

    def _tell(self) -> None:
        if not self._started:
            self.tell("starting")
        else:
            self.tell("ready" if self._writable else "read-only")
