"""Who created what: members, and keys that created other keys."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Makers:
    """Some members and some keys of an account."""

    user_ids: frozenset[int] = frozenset()
    key_ids: frozenset[str] = frozenset()

    def made(self, keys: Sequence[Any]) -> frozenset[str]:
        """The IDs of those keys (id, user, key) that they created, directly or with other keys."""
        found: frozenset[str] = frozenset()
        while more := self._direct(keys, self.key_ids | found) - found - self.key_ids:
            found |= more
        return found

    def include(self, user_id: int | None, key_id: str | None) -> bool:
        """Whether something of this member or key is theirs."""
        return user_id in self.user_ids or key_id in self.key_ids

    def _direct(self, keys: Iterable[Any], makers: frozenset[str]) -> frozenset[str]:
        return frozenset(
            id for id, user_id, key_id in keys if user_id in self.user_ids or key_id in makers
        )
