"""Parses the values of settings about payments. Secrets never leave their type by accident."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from attimo import files, places
from attimo.settings.values import Kind, Raw

Provider = Literal["off", "stripe"]

_SECRET = re.compile(r"[A-Za-z0-9_]{8,255}", re.ASCII)
_NAME = re.compile(r"[A-Za-z0-9_]{1,100}", re.ASCII)
_PLAN = re.compile(r"[a-z0-9][a-z0-9-]{0,62}", re.ASCII)
_MOST_GRACE_DAYS = 366
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret. Neither its repr nor its text contains it.

    Attributes:
        value: The secret itself.
        file: The file from which it was read; None if the setting has the secret itself.
    """

    value: str = field(repr=False)
    file: Path | None = None

    def __str__(self) -> str:
        """Where it is from."""
        return str(self.file) if self.file else "…"


def _provider(raw: Raw) -> Provider:
    match raw:
        case "stripe":
            return "stripe"
        case "off" | False:
            return "off"
        case _:
            raise ValueError


def _secret(raw: Raw) -> Secret | None:
    """Parse a secret, or read the file that has it."""
    if raw is False or raw == "off":
        return None
    text, file = _text(raw), None
    if text.startswith(("/", "~", ".")):
        file = places.expanded(text)
        text = _content(file).strip()
    if not _SECRET.fullmatch(text):
        raise ValueError
    return Secret(text, file)


def _content(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            return opened.read(1024).decode(files.TEXT)
    except OSError:
        raise ValueError from None


def _api(raw: Raw) -> str:
    """Parse a base URL; a secret goes there, so it is encrypted unless it stays on this machine."""
    url = urlsplit(_text(raw))
    is_safe = url.scheme == "https" or (url.scheme == "http" and url.hostname in _LOOPBACK)
    if not is_safe or not url.hostname or url.username or url.query or url.path not in ("", "/"):
        raise ValueError
    return f"{url.scheme}://{url.netloc}"


def _names(raw: Raw) -> tuple[str, ...]:
    if raw is False or raw == "off":
        return ()
    written = raw if isinstance(raw, list) else _text(raw).split(",")
    names = [_text(each).strip() for each in written]
    if not all(_NAME.fullmatch(each) for each in names):
        raise ValueError
    return tuple(dict.fromkeys(names))


def _some_names(raw: Raw) -> tuple[str, ...]:
    names = _names(raw)
    if not names:
        raise ValueError
    return names


def _plan(raw: Raw) -> str:
    name = _text(raw)
    if not _PLAN.fullmatch(name):
        raise ValueError
    return name


def _grace(raw: Raw) -> int:
    """Parse `7d`; return seconds."""
    found = re.fullmatch(r"(\d{1,3})d", _text(raw), re.ASCII)
    if found is None or int(found[1]) > _MOST_GRACE_DAYS:
        raise ValueError
    return int(found[1]) * 86_400


def _text(raw: Raw) -> str:
    if not isinstance(raw, str):
        raise ValueError
    return raw


PROVIDER = Kind(_provider, "off or stripe")
SECRET = Kind(
    _secret,
    "the secret itself (8 to 255 letters, digits and _), the path of a file with it that begins "
    "with /, ~ or ., or off",
    secret=True,
)
API = Kind(_api, "an https:// URL without a path, or an http:// one on this machine", secret=True)
PRICES = Kind(_names, "IDs of prices, separated by commas, or off")
METERS = Kind(_some_names, "names of meters, separated by commas")
PLAN = Kind(_plan, "the name of a plan, such as free")
GRACE = Kind(_grace, "a number of days, such as 7d; from 0d to 366d")
