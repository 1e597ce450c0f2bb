"""A signal asks for the end, whichever thread the kernel gives it to."""

import signal
import threading
from pathlib import Path

from attimo.serve.signals import asked_to_end


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

    with asked_to_end() as asked:
        threading.Timer(0, hears).start()
        asked.woken.wait()

        assert asked.is_set()


def test_who_is_woken_for_something_else_is_not_asked_to_end() -> None:
    with asked_to_end() as asked:
        threading.Timer(0, asked.woken.set).start()
        asked.woken.wait()
        asked.woken.clear()

        assert not asked.is_set()
