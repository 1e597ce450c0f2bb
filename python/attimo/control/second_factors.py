"""Second factors: the codes of an authenticator app (TOTP, RFC 6238), and recovery codes.

A user who has one needs a code with every password. A code of the app is accepted within its step
of 30 seconds and the one before and after it, and each step once; a recovery code, once.
"""

import secrets
from base64 import b32encode
from dataclasses import dataclass

from attimo.control import accounts, audit, members, session_rows, user_notes, users
from attimo.control.actions import PROOF, SERVER, reads, writes
from attimo.control.permissions import Right
from attimo.control.tx import Tx
from attimo.errors import CodeNeeded, FailedPrecondition, WrongCode

STEPS_BESIDE = 1
"""How many steps before and after the current one are accepted: clocks differ."""
CODES = 10
"""How many recovery codes a user gets."""
_CODE_BYTES = 10

_WITH = """
SELECT user_id FROM members JOIN second_factors USING (user_id)
WHERE account_id = :account_id AND confirmed_at IS NOT NULL
"""
_FOUND = "SELECT secret, last_step, confirmed_at FROM second_factors WHERE user_id = :user_id"
_BEGIN = """
INSERT INTO second_factors (user_id, secret) VALUES (:user_id, :secret)
ON CONFLICT (user_id) DO UPDATE SET secret = excluded.secret, last_step = 0
"""
_CONFIRM = "UPDATE second_factors SET confirmed_at = :now WHERE user_id = :user_id"
_USE_STEP = "UPDATE second_factors SET last_step = :step WHERE user_id = :user_id"
_USE_CODE = "DELETE FROM recovery_codes WHERE user_id = :user_id AND hash = :hash RETURNING 1"


@dataclass(frozen=True, slots=True)
class State:
    """What a user has: since when an app, in seconds since 1970, and unused recovery codes."""

    since: int | None
    codes_left: int


@dataclass(frozen=True, slots=True)
class _Found:
    secret: str
    last_step: int
    confirmed_at: int | None


@reads("user.read", PROOF)
def state(tx: Tx, user_id: int) -> State:
    """Return what a user has."""
    found = _of_user(tx, user_id)
    query = "SELECT count(*) FROM recovery_codes WHERE user_id = :user_id"
    left = tx.db.scalar(query, user_id=user_id)
    return State(found.confirmed_at if found else None, int(str(left)))


@reads("member.list", Right("account_management", "write"))
def members_with(tx: Tx, account_id: int) -> set[int]:
    """Return the IDs of the members of an account who have a second factor."""
    return {int(str(row[0])) for row in tx.db.rows(_WITH, account_id=account_id)}


@reads("user.read", PROOF)
def pending(tx: Tx, user_id: int) -> str:
    """Return the secret that no code has confirmed yet.

    Raises:
        WrongCode: There is none.
    """
    found = _of_user(tx, user_id)
    if found is None or found.confirmed_at is not None:
        raise WrongCode
    return found.secret


@writes("second-factor.begin", PROOF, audited=False)
def begin(tx: Tx, user_id: int) -> str:
    """Return a new secret for an app, in base 32; it counts once a code has confirmed it.

    Raises:
        FailedPrecondition: The user has an app already.
    """
    if _is_on(tx, user_id):
        raise FailedPrecondition("You have an authenticator app already: remove it first")
    import pyotp

    secret = pyotp.random_base32()
    tx.db.execute(_BEGIN, user_id=user_id, secret=secret)
    return secret


@writes("second-factor.add", PROOF, audited=False)
def confirm(tx: Tx, user_id: int, code: str, session: bytes) -> list[str]:
    """Require a code from now on; return recovery codes, and end the user's other sessions.

    Args:
        code: One of the app, which proves that it has the secret.
        session: The hash of the session that stays.

    Raises:
        WrongCode: It is not one, or none was begun.
        FailedPrecondition: The user has an app already.
    """
    found = _of_user(tx, user_id)
    if found is not None and found.confirmed_at is not None:
        raise FailedPrecondition("You have an authenticator app already: remove it first")
    if found is None or not _use_step(tx, user_id, found, code):
        raise WrongCode
    tx.db.execute(_CONFIRM, user_id=user_id, now=tx.now)
    session_rows.end_but(tx, user_id, session)
    user_notes.note(tx, user_id)
    return _new_codes(tx, user_id)


@writes("second-factor.codes", PROOF, audited=False)
def renew_codes(tx: Tx, user_id: int, code: str) -> list[str]:
    """Return new recovery codes, which replace the others.

    Raises:
        WrongCode: The code is wrong, was used, or the user has no app.
    """
    _use(tx, user_id, code)
    user_notes.note(tx, user_id)
    return _new_codes(tx, user_id)


@writes("second-factor.remove", PROOF, audited=False)
def remove(tx: Tx, user_id: int, code: str) -> None:
    """Require no code any more.

    Raises:
        WrongCode: The code is wrong, was used, or the user has no app.
    """
    _use(tx, user_id, code)
    user_notes.note(tx, user_id)
    _delete(tx, user_id)


@writes("second-factor.reset", accounts.MANAGE)
def reset(tx: Tx, account_id: int, email: str) -> bool:
    """Remove the second factor of a user who has lost it; return whether they had one.

    Their password and passkeys stay. It is for operators of the server, who have made sure who
    asks; the audit logs of the user's accounts say that the server did it.

    Raises:
        InvalidArgument: It is no e-mail address.
    """
    user = users.of_email(tx, users.address_of(email))
    if user is None or not _is_on(tx, user.id):
        return False
    _delete(tx, user.id)
    audit.note(tx, account_id, user.email)
    for each in members.accounts_of(tx, user.id):
        if each.account_id != account_id:
            audit.note_of_system(tx, each.account_id, tx.action, user.email)
    return True


@writes("second-factor.use", SERVER, audited=False)
def check(tx: Tx, user_id: int, code: str) -> None:
    """Check the code of a user whose password was verified; without an app, nothing is needed.

    Raises:
        CodeNeeded: There is none.
        WrongCode: It is wrong, or was used.
    """
    if not _is_on(tx, user_id):
        return
    if not code:
        raise CodeNeeded
    _use(tx, user_id, code)


def _delete(tx: Tx, user_id: int) -> None:
    for table in ("second_factors", "recovery_codes"):
        tx.db.execute(f"DELETE FROM {table} WHERE user_id = :user_id", user_id=user_id)  # noqa: S608


def _use(tx: Tx, user_id: int, code: str) -> None:
    found = _of_user(tx, user_id)
    if found is None or found.confirmed_at is None:
        raise WrongCode
    if not _use_step(tx, user_id, found, code) and not _use_recovery(tx, user_id, code):
        raise WrongCode


def _use_step(tx: Tx, user_id: int, found: _Found, code: str) -> bool:
    """Accept a code of the app, whose step is later than that of every code before it."""
    import pyotp
    from pyotp.exceptions import OTPVerificationError

    typed = "".join(code.split())
    try:
        step = pyotp.TOTP(found.secret).verify_and_get_timecode(
            typed, for_time=tx.now, valid_window=STEPS_BESIDE
        )
    except OTPVerificationError:
        return False
    if step <= found.last_step:
        return False
    tx.db.execute(_USE_STEP, user_id=user_id, step=step)
    return True


def _use_recovery(tx: Tx, user_id: int, code: str) -> bool:
    hash = users.digest(_plain(code))
    return bool(tx.db.rows(_USE_CODE, user_id=user_id, hash=hash))


def _new_codes(tx: Tx, user_id: int) -> list[str]:
    tx.db.execute("DELETE FROM recovery_codes WHERE user_id = :user_id", user_id=user_id)
    codes = [_code() for _ in range(CODES)]
    for code in codes:
        tx.db.insert("recovery_codes", hash=users.digest(_plain(code)), user_id=user_id)
    return codes


def _code() -> str:
    """80 random bits: their hash tells nothing to who reads the database."""
    text = b32encode(secrets.token_bytes(_CODE_BYTES)).decode().lower()
    return "-".join(text[at : at + 4] for at in range(0, len(text), 4))


def _plain(code: str) -> str:
    return "".join(code.split()).replace("-", "").lower()


def _is_on(tx: Tx, user_id: int) -> bool:
    found = _of_user(tx, user_id)
    return found is not None and found.confirmed_at is not None


def _of_user(tx: Tx, user_id: int) -> _Found | None:
    return tx.db.first(_Found, _FOUND, user_id=user_id)
