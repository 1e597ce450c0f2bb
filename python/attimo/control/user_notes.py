"""Audit entries about what a user has changed of how they sign in."""

from attimo.control import audit, members, users
from attimo.control.tx import Tx


def note(tx: Tx, user_id: int, **details: object) -> None:
    """Note that a user performs the current action, in the audit log of each of their accounts."""
    email = users.of_id(tx, user_id).email
    tx.actor = tx.actor.known_as(email)
    for each in members.accounts_of(tx, user_id):
        audit.note(tx, each.account_id, email, **details)
