"""Passwords: only what argon2id makes of them is kept, with the parameters that OWASP recommends.

That takes some hundredths of a second and 19 MiB: it is done outside of any transaction.
"""

import functools
from typing import TYPE_CHECKING

from attimo.errors import InvalidArgument

if TYPE_CHECKING:
    from argon2 import PasswordHasher

SHORTEST = 10
LONGEST = 256


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

    # https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html
    return PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


@functools.cache
def _nobodys() -> str:
    return _hasher().hash(b"nobody has this password")
