"""Disk space that a server reserves, for when the disk is full.

It is one file of a fixed size. A server that starts on a full disk frees a part of it, so that the
database can be opened. Usage that could not be recorded before a server stopped is written over the
other part, which needs no new space, and is recorded at the next start.
"""

import os
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from errno import EDQUOT, ENOSPC
from pathlib import Path

from attimo.files import OWNER_ONLY

BYTES = 1024 * 1024
KEPT_BYTES = 768 * 1024
"""The part for records; the rest is freed at a start on a full disk."""
LEAST_FREE = 256 * 1024
"""A disk with less free space counts as full."""

_HEAD = struct.Struct(">4sII")
"""Before each record: a mark, its length in bytes, its CRC-32."""
_MARK = b"KEPT"
_FULL = (ENOSPC, EDQUOT)


@dataclass(frozen=True, slots=True)
class Reserve:
    """The file; only the server that has the directory's lock writes to it."""

    path: Path

    def fill(self) -> bool:
        """Reserve the space, or what is missing of it; return False if the disk is full.

        Raises:
            OSError: The file cannot be created, for another reason.
        """
        try:
            with self._open() as file:
                os.posix_fallocate(file, 0, BYTES)
                return _free(file) >= LEAST_FREE
        except OSError as error:
            if error.errno in _FULL:
                return False
            raise

    def give(self) -> None:
        """Free what is not for records.

        Raises:
            OSError: The file cannot be changed.
        """
        with self._open() as file:
            if os.fstat(file).st_size > KEPT_BYTES:
                os.ftruncate(file, KEPT_BYTES)

    def keep(self, record: bytes) -> bool:
        """Append a record; return False if there is no room for it.

        Raises:
            OSError: The file cannot be written.
        """
        with self._open() as file:
            end = sum(_HEAD.size + len(each) for each in _records(file))
            written = _HEAD.pack(_MARK, len(record), zlib.crc32(record)) + record
            if end + len(written) + _HEAD.size > KEPT_BYTES:
                return False
            os.pwrite(file, written + bytes(_HEAD.size), end)
            os.fsync(file)
        return True

    def kept(self) -> list[bytes]:
        """Return the records, oldest first, up to an incomplete one.

        Raises:
            OSError: The file cannot be read.
        """
        with self._open() as file:
            return list(_records(file))

    def clear(self) -> None:
        """Delete the records.

        Raises:
            OSError: The file cannot be written.
        """
        with self._open() as file:
            os.pwrite(file, bytes(_HEAD.size), 0)
            os.fsync(file)

    @contextmanager
    def _open(self) -> Iterator[int]:
        file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, OWNER_ONLY)
        try:
            yield file
        finally:
            os.close(file)


def _free(file: int) -> int:
    """Return how many bytes this process can still write to a file's disk."""
    disk = os.fstatvfs(file)
    blocks = disk.f_bfree if os.geteuid() == 0 else disk.f_bavail
    # A file system without a known size reports zero for everything.
    return blocks * disk.f_frsize if disk.f_blocks else LEAST_FREE


def _records(file: int) -> Iterator[bytes]:
    at = 0
    while True:
        head = os.pread(file, _HEAD.size, at)
        if len(head) < _HEAD.size:
            return
        mark, length, checksum = _HEAD.unpack(head)
        record = os.pread(file, min(length, KEPT_BYTES), at + _HEAD.size) if mark == _MARK else b""
        if mark != _MARK or len(record) != length or zlib.crc32(record) != checksum:
            return
        yield record
        at += _HEAD.size + length
