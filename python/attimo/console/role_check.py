"""Whether a role permits something, asked before anybody has the role."""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass

from attimo.console.web import Visit
from attimo.control.permissions import Permissions, Rule
from attimo.control.selectors import ALL, Selector
from attimo.errors import InvalidArgument, PermissionDenied

CHOICES = {
    "cache.read": "read items",
    "cache.write": "write and delete items",
    "topic.read": "subscribe to a topic",
    "topic.write": "publish to a topic",
    "resource_management.write": "create, flush and delete the cache",
}
"""What can be asked about: the type and the verb of a rule, and its words."""


@dataclass(frozen=True, slots=True)
class Check:
    """What was asked about a role.

    Attributes:
        what: One of `CHOICES`; empty if nothing was asked.
        cache: The name of a cache; empty for every cache.
        name: A key or a topic; empty for all of them.
        peer: The address of the caller; empty for every address.
    """

    what: str
    cache: str
    name: str
    peer: str

    def answer(self, held: Permissions) -> str | None:
        """Whether these permissions permit it; None if nothing was asked.

        Raises:
            InvalidArgument: The address is none.
        """
        if not self.what:
            return None
        if Permissions((self._rule(),)).beyond(held):
            return "No: no rule permits all of this."
        return self._from_address(held)

    def _rule(self) -> Rule:
        """A rule that permits what was asked about, and nothing else."""
        type, _, verb = self.what.partition(".")
        about = (_selector(self.cache), _selector(self.name))
        return Rule(type, frozenset({verb}), about[:1] if type == "resource_management" else about)

    def _from_address(self, held: Permissions) -> str:
        if not self.peer:
            return "Yes, from the networks of the role." if held.networks else "Yes."
        try:
            held.admit(str(ipaddress.ip_address(self.peer)))
        except ValueError as error:
            raise InvalidArgument("from must be an IP address, such as 192.0.2.7") from error
        except PermissionDenied:
            return "No: the role is not for this address."
        return "Yes."


def of_visit(visit: Visit) -> Check:
    """What the address of the page asks."""
    asked: Mapping[str, str] = visit.request.query_params
    what = asked.get("what", "")
    return Check(
        what if what in CHOICES else "",
        asked.get("cache", "").strip(),
        asked.get("about", ""),
        asked.get("from", "").strip(),
    )


def _selector(name: str) -> Selector:
    return Selector("exact", name.encode()) if name else ALL
