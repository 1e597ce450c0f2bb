"""Space that a server takes while there is some, and what it keeps there."""

import os
from pathlib import Path

import pytest

from attimo.reserve import BYTES, KEPT_BYTES, Reserve


@pytest.fixture
def reserve(tmp_path: Path) -> Reserve:
    made = Reserve(tmp_path / "reserve")
    assert made.fill()
    return made


def test_the_space_is_really_taken_and_a_part_is_given_back(reserve: Reserve) -> None:
    found = reserve.path.stat()
    assert (found.st_size, found.st_mode & 0o777) == (BYTES, 0o600)
    assert found.st_blocks * 512 >= BYTES

    reserve.give()
    assert reserve.path.stat().st_size == KEPT_BYTES
    assert reserve.fill()
    assert reserve.path.stat().st_size == BYTES


def test_records_are_there_in_their_order_until_they_are_cleared(reserve: Reserve) -> None:
    assert reserve.kept() == []
    records = [b"first", b"", b"third" * 1000]
    assert all(reserve.keep(each) for each in records)
    reserve.give()

    again = Reserve(reserve.path)
    assert again.kept() == records
    again.clear()
    assert again.kept() == []
    assert again.keep(b"new")
    assert again.kept() == [b"new"]


def test_a_record_that_was_not_written_whole_is_none(reserve: Reserve) -> None:
    reserve.keep(b"whole")
    reserve.keep(b"broken")
    with reserve.path.open("r+b") as file:
        text = file.read()
        os.pwrite(file.fileno(), b"x", text.index(b"broken"))

    assert reserve.kept() == [b"whole"]


def test_records_do_not_grow_beyond_the_reserve(reserve: Reserve) -> None:
    assert not reserve.keep(bytes(KEPT_BYTES))
    count = 0
    while reserve.keep(bytes(10_000)):
        count += 1
    assert count == len(reserve.kept()) > 50
    assert reserve.path.stat().st_size == BYTES
