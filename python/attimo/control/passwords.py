"""Passwords: only what argon2id makes of them is kept, with the parameters that OWASP recommends.

That takes some hundredths of a second and 19 MiB: it is done outside of any transaction, by
`at_once` threads at most, which stand back for all others; and whoever keeps the process within its
memory is asked before.
"""

import functools
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from attimo.errors import InvalidArgument

if TYPE_CHECKING:
    from argon2 import PasswordHasher

SHORTEST = 10
LONGEST = 256

MEMORY_KIB = 19 * 1024
"""What one hash takes, https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html"""
AT_ONCE = 2
"""How many hashes are made at once."""
NICE = 10
"""By how much the threads that hash stand back for others (nice(2)): they get a tenth of a
processor that others want, too."""
SCARCE_BYTES = 512 * 2**20
"""With less memory than this for the whole process, one is."""


def at_once(memory_bytes: int) -> int:
    """How many hashes may be made at once by a process that has so much memory."""
    return 1 if memory_bytes < SCARCE_BYTES else AT_ONCE


class HashMemory:
    """Reserves the memory for a hash, once it is told how."""

    _hold: Callable[[int], object] | None = None
    _release: Callable[[int], object] | None = None

    def reserve_with(self, hold: Callable[[int], object], release: Callable[[int], object]) -> None:
        """Call `hold` before a hash takes so many bytes, and `release` after that."""
        self._hold, self._release = hold, release

    @contextmanager
    def for_one(self) -> Iterator[None]:
        """Reserve the memory for one hash until the end of the context."""
        hold, release = self._hold, self._release
        if hold is None or release is None:
            yield
            return
        hold(MEMORY_KIB * 1024)
        try:
            yield
        finally:
            release(MEMORY_KIB * 1024)


memory = HashMemory()

_M_MMAP_THRESHOLD = -3  # of malloc.h
_LARGE_BYTES = 2**20


def hashed(password: str, email: str) -> str:
    """What is kept of a new password.

    Raises:
        InvalidArgument: It is too short, too long, or the e-mail address itself.
    """
    if not SHORTEST <= len(password) <= LONGEST:
        raise InvalidArgument(f"password must be {SHORTEST} to {LONGEST} characters long")
    if password.strip().casefold() == email.strip().casefold():
        raise InvalidArgument("password must not be the e-mail address")
    with memory.for_one():
        return _threads().submit(_hasher().hash, password.encode(errors="replace")).result()


def matches(kept: str | None, password: str) -> bool:
    """Whether this is the password; takes as long where none is kept."""
    from argon2.exceptions import InvalidHashError, VerificationError

    try:
        with memory.for_one():
            work = (kept or _nobodys(), password.encode(errors="replace"))
            found = _threads().submit(_hasher().verify, *work).result()
    except (VerificationError, InvalidHashError):
        return False
    return found and kept is not None


@functools.cache
def _threads() -> ThreadPoolExecutor:
    """Threads that stand back for all others: who is known does not wait for a stranger's hash."""
    return ThreadPoolExecutor(AT_ONCE, "passwords", _stand_back)


def _stand_back() -> None:
    thread = threading.get_native_id()
    wanted = min(os.getpriority(os.PRIO_PROCESS, thread) + NICE, 19)
    with suppress(OSError):  # then they are as the others
        os.setpriority(os.PRIO_PROCESS, thread, wanted)


@functools.cache
def _hasher() -> "PasswordHasher":
    # Few servers have members: their memory need not hold this.
    from argon2 import PasswordHasher

    _give_large_blocks_back()
    return PasswordHasher(time_cost=2, memory_cost=MEMORY_KIB, parallelism=1)


def _give_large_blocks_back() -> None:
    """Have the C library give a large block back to the system when it is freed: by itself it keeps
    what a hash took, once for each thread that has made one."""
    import ctypes

    set_option = getattr(ctypes.CDLL(None), "mallopt", None)
    if set_option is not None:
        set_option(_M_MMAP_THRESHOLD, _LARGE_BYTES)


@functools.cache
def _nobodys() -> str:
    return _hasher().hash(b"nobody has this password")
