"""Logs the events of the data plane.

A thread waits for the next event, so lines are written immediately and an idle server is not woken.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

log = logging.getLogger(__name__)

LEVELS = {"info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


class Event(Protocol):
    """An event; `attimo._core.Event` is one."""

    @property
    def level(self) -> str:
        """`info`, `warning` or `error`."""

    @property
    def message(self) -> str:
        """What happened."""


@dataclass(slots=True)
class Events:
    """Logs events, in a thread of its own.

    Attributes:
        next: Waits for an event; returns None after the last.
    """

    next: Callable[[], Event | None]
    _thread: threading.Thread | None = field(default=None, init=False)

    def start(self) -> None:
        """Begin."""
        self._thread = threading.Thread(target=self._run, name="events", daemon=True)
        self._thread.start()

    def wait(self) -> None:
        """Wait until the last event is logged, after the node has stopped."""
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while (event := self.next()) is not None:
            log.log(LEVELS.get(event.level, logging.ERROR), "%s", event.message)
