"""Small files, written atomically and readable by their owner only."""

import os
import stat
from pathlib import Path

OWNER_ONLY = 0o600

TEXT = "utf-8-sig"
"""The encoding of what people write; some editors put a byte order mark before it."""

LONGEST = 2**24
"""In characters or bytes; a longer file is none of this program's, and a device may have no end."""


def write(path: Path, text: str, mode: int = OWNER_ONLY) -> None:
    """Replace the content of `path` atomically: readers, and a crash, see the old text or the new.

    Raises:
        OSError: The text could not be written; `path` is unchanged.
    """
    import tempfile

    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            os.fchmod(file.fileno(), mode)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


def read(path: Path) -> str | None:
    """Return the text of `path`, or None if there is no such file.

    Raises:
        OSError: It cannot be read.
        ValueError: It is not text, or longer than `LONGEST`.
    """
    try:
        with open(path, encoding=TEXT, opener=opener) as file:
            text = file.read(LONGEST + 1)
    except FileNotFoundError:
        return None
    if len(text) > LONGEST:
        raise ValueError(f"it has more than {LONGEST:,} characters")
    return text


def read_bytes(path: Path) -> bytes:
    """Return the content of `path`.

    Raises:
        OSError: It cannot be read.
        ValueError: It is longer than `LONGEST`, or no regular file: it might have no end.
    """
    with open(path, "rb", opener=opener) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise ValueError("it is not a regular file")
        content = file.read(LONGEST + 1)
    if len(content) > LONGEST:
        raise ValueError(f"it has more than {LONGEST:,} bytes")
    return content


def opener(path: str, flags: int) -> int:
    """Open a file; a pipe without a writer does not block, and is empty."""
    handle = os.open(path, flags | os.O_NONBLOCK)
    os.set_blocking(handle, True)
    return handle
