"""Who made what: members, and keys with which others were made."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Makers:
    """Some members and some keys of an account."""

    user_ids: frozenset[int] = frozenset()
    key_ids: frozenset[str] = frozenset()

    def made(self, keys: Sequence[Any]) -> frozenset[str]:
        """The ids of the keys among these (id, user, key) that they made, also through others."""
        found: frozenset[str] = frozenset()
        while more := self._direct(keys, self.key_ids | found) - found - self.key_ids:
            found |= more
        return found

    def include(self, user_id: int | None, key_id: str | None) -> bool:
        """Whether something that was made so is theirs."""
        return user_id in self.user_ids or key_id in self.key_ids

    def _direct(self, keys: Iterable[Any], makers: frozenset[str]) -> frozenset[str]:
        return frozenset(
            id for id, user_id, key_id in keys if user_id in self.user_ids or key_id in makers
        )
