"""Which accounts an operator asks about: all of the server, or some by their IDs."""

from collections.abc import Sequence
from dataclasses import dataclass

from attimo.control.permissions import SERVER_MANAGEMENT, Right
from attimo.errors import InvalidArgument
from attimo.store.connection import Value

READ = Right(SERVER_MANAGEMENT, "read")

EVERY = "*"
MOST = 100
"""The most accounts by ID."""
PATTERN = r"^(\*|[0-9]{1,18}(,[0-9]{1,18}){0,99})$"


@dataclass(frozen=True, slots=True)
class Chosen:
    """Accounts by their IDs, deleted ones included; None is every account."""

    ids: Sequence[int] | None

    def condition(self, column: str) -> str:
        """The condition in SQL that a column is of these accounts; its parameters are `values`."""
        if self.ids is None:
            return "TRUE"
        return f"{column} IN ({', '.join(f':account_{at}' for at in range(len(self.ids)))})"

    def values(self) -> dict[str, Value]:
        """The parameters of `condition`."""
        return {f"account_{at}": each for at, each in enumerate(self.ids or ())}


def read(text: str) -> Chosen:
    """Parse `*` or a list of IDs such as `2,5`.

    Raises:
        InvalidArgument: It is neither, or names more than `MOST`.
    """
    if text == EVERY:
        return Chosen(None)
    words = text.split(",")
    if len(words) > MOST or not all(word.isascii() and word.isdecimal() for word in words):
        raise InvalidArgument(f"accounts must be {EVERY}, or up to {MOST} IDs with commas between")
    if any(len(word) > len(str(2**63 - 1)) - 1 for word in words):
        raise InvalidArgument("accounts must be IDs of at most 18 digits")
    return Chosen([int(word) for word in words])
