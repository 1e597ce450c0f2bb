"""Passwords: only their argon2id hash is stored, with the parameters that OWASP recommends.

Hashing takes some 10 ms and 19 MiB. It runs outside transactions, on at most `at_once` threads of
low priority, after its memory has been reserved.
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
"""For one hash, https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html"""
AT_ONCE = 2
"""The most hashes computed at once."""
NICE = 10
"""The nice value of the threads that hash (nice(2)): they get about a tenth of a processor that
others want, too."""
SCARCE_BYTES = 512 * 2**20
"""With less memory than this for the process, hashes are computed one at a time."""


def at_once(memory_bytes: int) -> int:
    """How many hashes a process with this much memory computes at once."""
    return 1 if memory_bytes < SCARCE_BYTES else AT_ONCE


class HashMemory:
    """Reserves the memory for a hash, if `reserve_with` has been called."""

    _hold: Callable[[int], object] | None = None
    _release: Callable[[int], object] | None = None

    def reserve_with(self, hold: Callable[[int], object], release: Callable[[int], object]) -> None:
        """Set what reserves and releases a number of bytes."""
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
    """Return the hash of a new password.

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
    """Whether this is the password; takes equally long without a hash, or with an empty one."""
    from argon2.exceptions import InvalidHashError, VerificationError

    try:
        with memory.for_one():
            work = (kept or _nobodys(), password.encode(errors="replace"))
            found = _threads().submit(_hasher().verify, *work).result()
    except (VerificationError, InvalidHashError):
        return False
    return found and bool(kept)


@functools.cache
def _threads() -> ThreadPoolExecutor:
    """Threads of low priority: known callers do not wait for the hashes of unauthenticated ones."""
    return ThreadPoolExecutor(AT_ONCE, "passwords", _stand_back)


def _stand_back() -> None:
    thread = threading.get_native_id()
    wanted = min(os.getpriority(os.PRIO_PROCESS, thread) + NICE, 19)
    with suppress(OSError):  # they keep the usual priority then
        os.setpriority(os.PRIO_PROCESS, thread, wanted)


@functools.cache
def _hasher() -> "PasswordHasher":
    # Imported on use: few servers have members.
    from argon2 import PasswordHasher

    _give_large_blocks_back()
    return PasswordHasher(time_cost=2, memory_cost=MEMORY_KIB, parallelism=1)


def _give_large_blocks_back() -> None:
    """Make the C library return freed large blocks to the system; by default it keeps the memory of
    one hash per thread."""
    import ctypes

    set_option = getattr(ctypes.CDLL(None), "mallopt", None)
    if set_option is not None:
        set_option(_M_MMAP_THRESHOLD, _LARGE_BYTES)


@functools.cache
def _nobodys() -> str:
    return _hasher().hash(b"nobody has this password")
