"""Who performs an action, and with which permissions."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from attimo import grant_text
from attimo.control.permissions import Permissions, Right, Rule, everything
from attimo.control.selectors import ALL
from attimo.errors import PermissionDenied

SHORT_ID = 8
"""How many characters of a key's id messages have."""
MOST_LISTED = 4
"""How many rules a message lists."""


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
        role: The name of its role; empty if it has none with a name.
    """

    name: str
    peer: str
    permissions: Permissions = field(repr=False)
    key_id: str | None = None
    user_id: int | None = None
    ends_at: int | None = None
    role: str = ""

    def known_as(self, email: str) -> "Actor":
        """The same, once a password or a token from an e-mail has proved whose address this is.

        It has every permission; the action that checked the proof decides what is done with them.
        """
        return replace(self, name=f"member {email}", permissions=everything())

    def makes(self) -> dict[str, Any]:
        """The columns that record who created a row."""
        return {"made_by_user_id": self.user_id, "made_by_key_id": self.key_id}

    def need(self, right: Right, name: str | None = None) -> None:
        """Refuse an actor that lacks a permission.

        Args:
            right: The permission.
            name: For the message, what the request is about, if the permission does not say.

        Raises:
            PermissionDenied: No rule grants it.
        """
        if not self.permissions.allows(right.type, right.verb, right.about):
            raise self._lacks(_words(right, name), right.type)

    def need_rule(self, rule: Rule) -> None:
        """Refuse an actor that lacks a part of what a rule grants.

        Raises:
            PermissionDenied: None of its own rules covers it.
        """
        if Permissions((rule,)).beyond(self.permissions):
            raise self._lacks(grant_text.shown(rule.dump()), rule.type)

    def hand_out(self, permissions: Permissions, what: str) -> None:
        """Refuse an actor that would grant more than it has.

        Raises:
            PermissionDenied: Its own permissions do not cover these.
        """
        if not self.permissions.covers(permissions):
            raise PermissionDenied(
                f"Insufficient permissions: {what} would have more permissions than you have"
                f"{self._beyond(permissions)}"
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
                f"can neither revoke nor change it{self._beyond(permissions)}"
            )

    def _lacks(self, what: str, type: str) -> PermissionDenied:
        return PermissionDenied(
            f"Insufficient permissions: {self._who()} lacks {what}; {self._what_it_has(type)}"
        )

    def _who(self) -> str:
        is_long = self.key_id is not None and len(self.key_id) > SHORT_ID
        name = f"key {self.key_id[:SHORT_ID]}…" if self.key_id and is_long else self.name
        return f"{name} (role {self.role})" if self.role else name

    def _what_it_has(self, type: str) -> str:
        rules = sorted(self.permissions.rules, key=lambda rule: rule.type != type)
        return f"it has {_listed(rules)}" if rules else "it has no permissions"

    def _beyond(self, permissions: Permissions) -> str:
        beyond = permissions.beyond(self.permissions)
        if not beyond:  # so it is about addresses
            return ": it could be used from more addresses"
        return f": {self._who()} lacks {_listed(beyond)}"


def _words(right: Right, name: str | None) -> str:
    """A permission: `caches:write on cache `prod``."""
    words = grant_text.verb_of(right.type, right.verb)
    if right.type != "resource_management":
        return words
    if right.about == ALL:
        return f"{words} on all caches"
    named = right.about.value.decode() if right.about else name
    return f"{words} on cache `{named}`" if named else words


def _listed(rules: Sequence[Rule]) -> str:
    shown = [grant_text.shown(rule.dump()) for rule in rules[:MOST_LISTED]]
    more = len(rules) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


SYSTEM = Actor("system", "", everything())
"""The server itself."""
