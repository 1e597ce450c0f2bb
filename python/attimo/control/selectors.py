"""Selectors: what a rule matches, by name or prefix, or everything.

Keys are bytes: written as text where they are UTF-8, otherwise in base64 (not in Momento's API).
"""

from base64 import b64decode, b64encode
from dataclasses import dataclass
from typing import Literal

from attimo.errors import InvalidArgument

LONGEST = 1_024
"""The longest name, key or prefix in a selector, in bytes."""


@dataclass(frozen=True, slots=True)
class Selector:
    """A match on names; `value` is empty where it matches everything."""

    how: Literal["all", "exact", "prefix"]
    value: bytes = b""

    def covers(self, other: "Selector") -> bool:
        """Whether it matches everything that the other matches."""
        match self.how:
            case "all":
                return True
            case "exact":
                return self == other
            case "prefix":
                return other.how != "all" and other.value.startswith(self.value)

    def met(self, other: "Selector") -> "Selector | None":
        """What both match; None if that is nothing."""
        if self.covers(other):
            return other
        return self if other.covers(self) else None

    def chooses(self, name: bytes) -> bool:
        """Whether it matches this name."""
        return self.covers(Selector("exact", name))

    @property
    def looks_like_a_pattern(self) -> bool:
        """Whether it is a name that ends with `*`, which is usually meant as a prefix."""
        return self.how == "exact" and self.value.endswith(b"*")


ALL = Selector("all")
_STAR = "*"


@dataclass(frozen=True, slots=True)
class Form:
    """How a selector is written.

    Attributes:
        exact: The field for one name, if there is one.
        prefix: The field for a prefix, if there is one.
        is_binary: Whether both can be given in base64, in fields with the suffix `_base64`.
        is_optional: Whether it can be left out, and matches everything then.
    """

    exact: str | None = None
    prefix: str | None = None
    is_binary: bool = False
    is_optional: bool = False

    def read(self, asked: object, path: str) -> Selector:
        """Parse a selector.

        Raises:
            InvalidArgument: It does not have this form; the message names the place.
        """
        if asked == _STAR or (asked is None and self.is_optional):
            return ALL
        if isinstance(asked, dict) and len(asked) == 1:
            ((name, value),) = asked.items()
            for how, field in (("exact", self.exact), ("prefix", self.prefix)):
                if field is not None and name in self._names(field):
                    return Selector(how, _bytes(name, value, f"{path}.{name}"))  # type: ignore[arg-type]
        raise InvalidArgument(f"{path} must be {self._words()}")

    def dump(self, selector: Selector) -> object:
        """The selector as JSON."""
        if selector == ALL:
            return _STAR
        field = str(self.exact if selector.how == "exact" else self.prefix)
        try:
            return {field: selector.value.decode()}
        except UnicodeDecodeError:
            return {f"{field}_base64": b64encode(selector.value).decode()}

    def _names(self, field: str) -> tuple[str, ...]:
        return (field, f"{field}_base64") if self.is_binary else (field,)

    def _words(self) -> str:
        fields = [
            name for field in (self.exact, self.prefix) if field for name in self._names(field)
        ]
        return " or ".join(['"*"', *(f'{{"{name}": …}}' for name in fields)])


ANY = Form(is_optional=True)
NAME = Form(exact="name", prefix="prefix")
"""Momento's API has no prefixes of cache and store names."""
RESOURCE = Form(exact="name", prefix="prefix", is_optional=True)
KEY = Form(exact="key", prefix="key_prefix", is_binary=True)


def _bytes(name: str, value: object, path: str) -> bytes:
    if not isinstance(value, str):
        raise InvalidArgument(f"{path} must be text")
    try:
        found = b64decode(value, validate=True) if name.endswith("_base64") else value.encode()
    except ValueError as error:
        form = "base64" if name.endswith("_base64") else "Unicode text"
        raise InvalidArgument(f"{path} must be {form}") from error
    if not 1 <= len(found) <= LONGEST:
        raise InvalidArgument(f"{path} must be 1 to {LONGEST} bytes long")
    return found
