"""Who acts on the control plane, and what that one may."""

from dataclasses import dataclass, field, replace
from typing import Any

from attimo.control.permissions import Permissions, Right, everything
from attimo.errors import PermissionDenied


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody in a transaction.

    Attributes:
        name: For the audit trail: `key …`, `member …`, `local`, or `system` for the server itself.
        peer: The address from which the request came; empty for the server itself.
        permissions: What the actor may, and all that it may hand out.
        key_id: The API key with which it came, if it came with one.
        user_id: The member who acts: signed in, or who made that key.
        ends_at: When that key ends, in seconds since 1970; None for who does not end.
    """

    name: str
    peer: str
    permissions: Permissions = field(repr=False)
    key_id: str | None = None
    user_id: int | None = None
    ends_at: int | None = None

    def known_as(self, email: str) -> "Actor":
        """The same, once a password or a token from an e-mail has proved whose address this is.

        It has every permission: what it may do is what the action does that took the proof.
        """
        return replace(self, name=f"member {email}", permissions=everything())

    def makes(self) -> dict[str, Any]:
        """Who made what this actor makes, for its row."""
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
        """Refuse an actor who would hand out more than it has.

        Raises:
            PermissionDenied: Its own permissions do not cover these.
        """
        if not self.permissions.covers(permissions):
            raise PermissionDenied(
                f"Insufficient permissions: {what} would permit more than you may yourself"
            )

    def outlive(self, expires_at: int | None, what: str, field: str) -> None:
        """Refuse an actor who would make what ends after itself.

        Args:
            expires_at: When it is to end, in seconds since 1970; None for never.
            what: What it is, in words.
            field: What the caller calls its end.

        Raises:
            PermissionDenied: The actor's key ends before that.
        """
        if self.ends_at is not None and (expires_at is None or expires_at > self.ends_at):
            raise PermissionDenied(
                f"Insufficient permissions: {what} would outlive the key that makes it: {field} "
                f"may reach to {self.ends_at} at most (seconds since 1970)"
            )

    def end(self, permissions: Permissions, what: str) -> None:
        """Refuse an actor who would end or take over what permits more than it has.

        Raises:
            PermissionDenied: Its own permissions do not cover these.
        """
        if not self.permissions.covers(permissions):
            raise PermissionDenied(
                f"Insufficient permissions: {what} permits more than you may yourself, so it takes "
                "somebody who may as much to end or change it"
            )


SYSTEM = Actor("system", "", everything())
"""The server itself."""
