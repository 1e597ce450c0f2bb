"""Inside each crate, `use` runs one way.

Crates keep the big walls (engine, server, python); the compiler does not keep the walls inside a
crate, so this does: no file of a crate needs itself through others, and inside `server` each module
uses only those below it.
"""

import re
from pathlib import Path

import pytest

from structure.rust_modules import Module, circles, graph

ROOT = Path(__file__).parents[2]
SERVER = ROOT / "rust" / "server" / "src"
CRATES = [SERVER, ROOT / "rust/engine/src", ROOT / "rust/python/src", ROOT / "bench/load/src"]

LAYERS = (
    {"server"},
    {"acceptor", "worker"},
    {"transport"},
    {"front"},
    {"state"},
    {"metrics", "forward", "evictions"},
    {"memory", "gate", "kept", "control_queue", "listener", "tls"},
    {"memory_budget", "process", "read_buffer", "stats", "token", "topics"},
    {"meter"},
    {"backend", "deadline", "directory"},
    {"permissions", "steps"},
    {"clock", "counter", "error", "limits", "message", "methods", "protocol"},
    {"plan"},
    {"retention"},
)
"""The modules of `server`, from the top: each uses only those in lower layers."""

WITHIN = {("error", "limits")}
"""What a module may use of its own layer."""

UPWARDS = {
    ("state", "front"): "all threads share the allowed origins and the injected faults",
}
"""What a module uses of a higher layer, and why; there should be none."""

APART = [
    (("front", "grpc"), ("front", "rest")),
    (("transport", "h1"), ("transport", "h2")),
]
"""Modules that know nothing of each other, in either direction."""


@pytest.mark.parametrize("source", CRATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_file_needs_itself_through_others(source: Path) -> None:
    modules = graph(source)

    assert modules
    assert circles(modules) == []


def test_each_module_of_the_server_uses_only_those_below_it() -> None:
    depth = {name: at for at, layer in enumerate(LAYERS) for name in layer}
    uses = {(a[0], b[0]) for a, used in graph(SERVER).items() for b in used if a and b}
    upwards = {(a, b) for a, b in uses if a != b and depth[a] >= depth[b]}

    assert upwards - WITHIN == UPWARDS.keys()


@pytest.mark.parametrize("pair", APART, ids=lambda pair: " and ".join(map("::".join, pair)))
def test_some_modules_know_nothing_of_each_other(pair: tuple[Module, Module]) -> None:
    one, other = pair
    uses = [(a, b) for a, used in graph(SERVER).items() for b in used]

    assert [use for use in uses if _between(use, one, other) or _between(use, other, one)] == []


def _between(use: tuple[Module, Module], one: Module, other: Module) -> bool:
    return use[0][: len(one)] == one and use[1][: len(other)] == other


def test_the_engine_knows_no_clock_no_thread_and_no_socket() -> None:
    sources = [file.read_text() for file in (ROOT / "rust" / "engine" / "src").rglob("*.rs")]
    text = "\n".join(source.split("#[cfg(test)]")[0] for source in sources)

    forbidden = r"Instant::now|SystemTime::now|std::(?:net|fs|env|thread)|\btokio\b"

    assert re.findall(forbidden, text) == []
