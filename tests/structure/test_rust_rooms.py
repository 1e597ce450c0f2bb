"""Inside the server crate, `use` runs one way: front, gate, backend.

Crates keep the big walls (engine, server, python); the compiler does not keep the walls inside a
crate, so this does.
"""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SERVER = ROOT / "rust" / "server" / "src"

WORDS = {"api", "clock", "counter", "error", "limits", "protocol"}
"""What every room may use: names of methods and protocols, the moment, a count, the errors, the
limits."""

MAY_USE = {
    "front": {"acceptor", "forward", "gate", "metrics", "server", "stats", "worker"} | WORDS,
    "metrics": {"backend", "directory", "meter", "server", "stats"} | WORDS,
    "stats": WORDS,
    "evictions": {"directory", "stats"} | WORDS,
    "forward": {"gate", "lane", "stats"} | WORDS,
    "lane": WORDS,
    "gate": {"backend", "directory", "meter", "permissions", "token"} | WORDS,
    "backend": WORDS,
    "token": {"directory", "permissions"} | WORDS,
    "meter": {"directory"} | WORDS,
    "directory": {"permissions"} | WORDS,
    "permissions": WORDS,
    "tls": WORDS,
    "api": set[str](),
    "clock": set[str](),
    "counter": set[str](),
    "limits": set[str](),
    "protocol": set[str](),
    "error": {"limits"},
}
"""The rooms; what is not here (`server`, `worker`, `acceptor`) puts them together."""


def code(folder: Path, room: str) -> str:
    """All Rust of a room, without its tests."""
    files = [folder / f"{room}.rs", *(folder / room).rglob("*.rs")]
    sources = [file for file in files if file.exists() and file.name != "tests.rs"]
    texts = [file.read_text().split("#[cfg(test)]")[0] for file in sources]
    assert texts, f"there is no room {room}"
    return "\n".join(texts)


def used(text: str) -> set[str]:
    """The modules of the crate that a text names."""
    groups = re.findall(r"\bcrate::\{([^;]*)\}", text)
    return set(re.findall(r"\bcrate::(\w+)", text)) | {
        re.split(r"\W", part.strip())[0] for group in groups for part in group.split(",")
    }


@pytest.mark.parametrize("room", MAY_USE)
def test_a_room_uses_only_the_rooms_below_it(room: str) -> None:
    assert used(code(SERVER, room)) - {room} <= MAY_USE[room]


def test_the_engine_knows_no_clock_no_thread_and_no_socket() -> None:
    sources = [file.read_text() for file in (ROOT / "rust" / "engine" / "src").rglob("*.rs")]
    text = "\n".join(source.split("#[cfg(test)]")[0] for source in sources)

    forbidden = r"Instant::now|SystemTime::now|std::(?:net|fs|env|thread)|\btokio\b"

    assert re.findall(forbidden, text) == []
