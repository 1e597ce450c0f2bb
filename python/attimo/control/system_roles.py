"""The roles of the system, which every account has and nobody can change."""

from dataclasses import dataclass, replace
from typing import Literal

from attimo.control.permissions import SERVER_MANAGEMENT, Permissions, everything


@dataclass(frozen=True, slots=True)
class Role:
    """The permissions of keys and members; `account_id` and `created_at` (seconds since 1970) are
    zero for the system's.
    """

    id: str
    type: Literal["system", "custom", "key"]
    name: str
    description: str
    permissions: Permissions
    account_id: int = 0
    created_at: int = 0

    @property
    def title(self) -> str:
        """Its name; empty for the role of a single key, which is named by its key."""
        return "" if self.type == "key" else self.name

    def within(self, account_id: int) -> "Role":
        """The role, with what its permissions are in an account."""
        return replace(self, permissions=self.permissions.within(account_id))


NO_ROLE = "none"
"""The role ID of those without permissions; there is no such role."""

_READING = ("read", "list")

OWNER = Role("owner", "system", "Owner", "Everything.", everything())
"""In the first account, that includes the server's other accounts; see `Permissions.within`."""
OPERATOR = Role(
    "operator",
    "system",
    "Operator",
    "All caches and their data, keys and roles; the account and its members only to look at.",
    everything({"account_management": _READING, SERVER_MANAGEMENT: ()}),
)
VIEWER = Role(
    "viewer",
    "system",
    "Viewer",
    "To look at everything, and to change nothing.",
    everything(
        {
            "account_management": _READING,
            "auth_management": _READING,
            "token_management": (),
            SERVER_MANAGEMENT: (),
            "resource_management": _READING,
            "cache": _READING,
            "topic": _READING,
            "store": _READING,
            "function": (),
            "database": ("read",),
        }
    ),
)

SYSTEM = {role.id: role for role in (OWNER, OPERATOR, VIEWER)}
