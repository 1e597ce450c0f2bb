"""Who performs an action, and with which permissions."""

from dataclasses import dataclass, field, replace
from typing import Any

from attimo.control.permissions import Permissions, Right, everything
from attimo.errors import PermissionDenied


@dataclass(frozen=True, slots=True)
class Actor:
    """The identity that performs the actions of a transaction.

    Attributes:
        name: In the audit log: `key …`, `member …`, `local`, or `system` for the server itself.
        peer: The address from which the request came; empty for the server itself.
        permissions: What the actor is allowed to do, and the most that it can grant to others.
        key_id: The API key of the request, if it has one.
        user_id: The member who has signed in, or who created that key.
        ends_at: When that key expires, in seconds since 1970; None for never.
    """

    name: str
    peer: str
    permissions: Permissions = field(repr=False)
    key_id: str | None = None
    user_id: int | None = None
    ends_at: int | None = None

    def known_as(self, email: str) -> "Actor":
        """The same, once a password or a token from an e-mail has proved whose address this is.

        It has every permission; the action that checked the proof decides what is done with them.
        """
        return replace(self, name=f"member {email}", permissions=everything())

    def makes(self) -> dict[str, Any]:
        """The columns that record who created a row."""
        return {"made_by_user_id": self.user_id, "made_by_key_id": self.key_id}

    def need(self, right: Right) -> None:
        """Refuse an actor that lacks a permission.

        Raises:
            PermissionDenied: No rule grants it.
        """
        if not self.permissions.allows(right.type, right.verb, right.about):
            raise PermissionDenied(
                f"Insufficient permissions: this needs {right.type} with {right.verb}"
            )

    def hand_out(self, permissions: Permissions, what: str) -> None:
        """Refuse an actor that would grant more than it has.

        Raises:
            PermissionDenied: Its own permissions do not cover these.
        """
        if not self.permissions.covers(permissions):
            raise PermissionDenied(
                f"Insufficient permissions: {what} would have more permissions than you have"
            )

    def outlive(self, expires_at: int | None, what: str, field: str) -> None:
        """Refuse an actor that would create something that expires after itself.

        Args:
            expires_at: When it expires, in seconds since 1970; None for never.
            what: What it is, for the message.
            field: The name of its expiry in the request.

        Raises:
            PermissionDenied: The actor's key expires earlier.
        """
        if self.ends_at is not None and (expires_at is None or expires_at > self.ends_at):
            raise PermissionDenied(
                f"Insufficient permissions: {what} would outlive the key that creates it: {field} "
                f"can be at most {self.ends_at} (seconds since 1970)"
            )

    def end(self, permissions: Permissions, what: str) -> None:
        """Refuse an actor that would revoke or take over what has more permissions than itself.

        Raises:
            PermissionDenied: Its own permissions do not cover these.
        """
        if not self.permissions.covers(permissions):
            raise PermissionDenied(
                f"Insufficient permissions: {what} has more permissions than you have, so you "
                "can neither revoke nor change it"
            )


SYSTEM = Actor("system", "", everything())
"""The server itself."""
