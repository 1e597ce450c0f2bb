"""Sign-ups that wait until the e-mail address is confirmed, by a token that is sent to it.

Until then, nothing exists but a row: no user, no account, no password. So nobody can take an
address that is not theirs, and who confirms it chooses the password.
"""

import secrets
from dataclasses import dataclass

from attimo.control import users
from attimo.control.actions import PROOF, SERVER, reads, writes
from attimo.control.tx import Tx
from attimo.errors import Unauthenticated

SECONDS = 24 * 60 * 60
"""How long a token is valid."""
MOST = 10_000
"""The most sign-ups that wait, of all addresses; a new one replaces the oldest."""

_SELECT = "SELECT email, account_name FROM sign_ups WHERE hash = :hash AND expires_at > :now"
_CROWDED = """
DELETE FROM sign_ups WHERE expires_at <= :now
OR rowid <= (SELECT rowid FROM sign_ups ORDER BY rowid DESC LIMIT 1 OFFSET :most)
"""


@dataclass(frozen=True, slots=True)
class SignUp:
    """A sign-up that waits; an account without a name gets the address as its name."""

    email: str
    account_name: str | None


@writes("member.join", PROOF, audited=False)
def begin(tx: Tx, email: str, account_name: str | None) -> str | None:
    """Create a token with which the holder of an address confirms it; None if it has a user.

    It must be sent to that address only. Earlier tokens of it stay valid until one is used.

    Args:
        email: An address as `users.address_of` returns it.
    """
    if users.of_email(tx, email) is not None:
        return None
    token = secrets.token_urlsafe(32)
    tx.db.insert(
        "sign_ups",
        hash=users.digest(token),
        email=email,
        account_name=account_name,
        expires_at=tx.now + SECONDS,
    )
    tx.db.execute(_CROWDED, now=tx.now, most=MOST)
    return token


@reads("member.join", PROOF)
def of_token(tx: Tx, token: str) -> SignUp:
    """Return the sign-up with this token.

    Raises:
        Unauthenticated: There is none: it was used, or has expired.
    """
    found = tx.db.first(SignUp, _SELECT, hash=users.digest(token), now=tx.now)
    if found is None:
        raise Unauthenticated("Invalid or expired link: sign up again for a new one")
    return found


@writes("member.join", SERVER, audited=False)
def end(tx: Tx, email: str) -> None:
    """Delete the sign-ups of an address, which has a user now."""
    tx.db.execute("DELETE FROM sign_ups WHERE email = :email", email=email)
