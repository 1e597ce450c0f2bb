"""A signal asks for the end, whichever thread the kernel gives it to."""

import signal
import threading
from pathlib import Path

from attimo.serve.signals import shutdown_signals


def sleeps(thread: int) -> bool:
    """Whether the kernel has a thread sleep (proc(5))."""
    stat = Path(f"/proc/self/task/{thread}/stat").read_text()
    return stat.rpartition(")")[2].split()[0] == "S"


def test_a_signal_to_another_thread_wakes_who_waits() -> None:
    main = threading.get_native_id()

    def hears() -> None:
        while not sleeps(main):
            pass
        signal.pthread_kill(threading.get_ident(), signal.SIGTERM)

    with shutdown_signals() as shutdown:
        threading.Timer(0, hears).start()
        shutdown.woken.wait()

        assert shutdown.is_set()


def test_who_is_woken_for_something_else_is_not_asked_to_end() -> None:
    with shutdown_signals() as shutdown:
        threading.Timer(0, shutdown.woken.set).start()
        shutdown.woken.wait()
        shutdown.woken.clear()

        assert not shutdown.is_set()
