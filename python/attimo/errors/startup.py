"""Errors of a server that cannot start as it is configured."""

import re

from attimo.errors.requests import AttimoError


class Misconfigured(AttimoError):
    """The server cannot start with this configuration."""

    code = "misconfigured"


class InvalidSetting(Misconfigured):
    """`value` is what was set, or None if messages must not repeat it."""

    def __init__(self, source: str, value: object, allowed: str) -> None:
        said = "is something else" if value is None else f"is {_masked(value)}"
        super().__init__(f"{source} {said}, but must be {allowed}")


class UnknownSetting(Misconfigured):
    def __init__(self, source: str, nearest: str | None) -> None:
        hint = f"; did you mean {nearest}?" if nearest else ""
        super().__init__(f"{source} is not a setting{hint}")


class WrongCard(Misconfigured):
    """`line` is None if the whole file is wrong."""

    def __init__(self, file: str, line: int | None, reason: str) -> None:
        place = file if line is None else f"{file}, line {line}"
        super().__init__(f"{place}: {reason}")


class DatabaseTooNew(Misconfigured):
    def __init__(self, path: str, found: str, known: str) -> None:
        super().__init__(
            f"{path} was written by a newer Attimo (schema {found}, this one knows {known}): "
            "install that version, or choose another data directory"
        )


class SqliteTooOld(Misconfigured):
    def __init__(self, found: str, needed: str) -> None:
        super().__init__(
            f"SQLite {found} can damage a database in WAL mode; {needed} or later is needed: "
            "install the package pysqlite3 again"
        )


def _masked(value: object) -> str:
    """A value, with an ellipsis for what may be a password in a URL."""
    shown = repr(value if not isinstance(value, str) else value[:255])
    return re.sub(r"((?:://|^')[^:@/']*):(?!//)[^']*@", r"\1:…@", shown)
