"""What hashing passwords takes of memory and time, and that both are given back."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from attimo.control import passwords

MIB = 2**20
PAGE = 4096
WORDS = "a password that is long enough"


def private_bytes() -> int:
    """What this process occupies beside files."""
    _, resident, shared, *_ = Path("/proc/self/statm").read_text().split()
    return (int(resident) - int(shared)) * PAGE


def test_little_memory_makes_one_hash_at_once() -> None:
    assert passwords.at_once(128 * MIB) == passwords.at_once(512 * MIB - 1) == 1
    assert passwords.at_once(512 * MIB) == passwords.AT_ONCE


def test_what_a_hash_takes_is_asked_for_before_and_given_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[tuple[str, int]] = []
    memory = passwords.HashMemory()
    memory.reserve_with(
        lambda size: told.append(("hold", size)), lambda size: told.append(("release", size))
    )
    monkeypatch.setattr(passwords, "memory", memory)

    kept = passwords.hashed(WORDS, "ann@example.com")
    assert passwords.matches(kept, WORDS)
    assert not passwords.matches(kept, "another password")
    assert told == [("hold", 19 * MIB), ("release", 19 * MIB)] * 3


def test_no_memory_stays_behind_a_hash() -> None:
    passwords.hashed(WORDS, "ann@example.com")
    before = private_bytes()
    for _ in range(3):
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda _: passwords.hashed(WORDS, "bob@example.com"), range(6)))
    assert private_bytes() - before < 10 * MIB


def niceness() -> int:
    return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())


def test_threads_that_hash_stand_back_for_all_others() -> None:
    """And nobody else's do: a thread cannot take its place back."""
    before = niceness()

    passwords.matches(None, WORDS)

    found = {passwords._threads().submit(niceness).result() for _ in range(passwords.AT_ONCE)}
    assert found == {min(before + passwords.NICE, 19)}
    assert niceness() == before
