"""Passwords: only what argon2id makes of them is kept, with the parameters that OWASP recommends.

That takes some hundredths of a second and 19 MiB: it is done outside of any transaction, and by
AT_ONCE threads at most.
"""

import functools
from typing import TYPE_CHECKING

from attimo.errors import InvalidArgument

if TYPE_CHECKING:
    from argon2 import PasswordHasher

SHORTEST = 10
LONGEST = 256

MEMORY_KIB = 19 * 1024
"""What one hash takes, https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html"""
AT_ONCE = 2
"""How many hashes are made at once: AT_ONCE * MEMORY_KIB is what the process needs for them."""


def hashed(password: str, email: str) -> str:
    """What is kept of a new password.

    Raises:
        InvalidArgument: It is too short, too long, or the e-mail address itself.
    """
    if not SHORTEST <= len(password) <= LONGEST:
        raise InvalidArgument(f"password must be {SHORTEST} to {LONGEST} characters long")
    if password.strip().casefold() == email.strip().casefold():
        raise InvalidArgument("password must not be the e-mail address")
    return _hasher().hash(password.encode(errors="replace"))


def matches(kept: str | None, password: str) -> bool:
    """Whether this is the password; takes as long where none is kept."""
    from argon2.exceptions import InvalidHashError, VerificationError

    try:
        found = _hasher().verify(kept or _nobodys(), password.encode(errors="replace"))
    except (VerificationError, InvalidHashError):
        return False
    return found and kept is not None


@functools.cache
def _hasher() -> "PasswordHasher":
    # Few servers have members: their memory need not hold this.
    from argon2 import PasswordHasher

    return PasswordHasher(time_cost=2, memory_cost=MEMORY_KIB, parallelism=1)


@functools.cache
def _nobodys() -> str:
    return _hasher().hash(b"nobody has this password")
