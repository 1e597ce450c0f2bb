"""Which modules of a Rust crate use which, as their `use` lines and paths say."""

import re
from collections.abc import Iterator
from pathlib import Path

Module = tuple[str, ...]
"""A module by its path, such as `("front", "rest")`; the crate itself is `()`."""

Graph = dict[Module, set[Module]]


def graph(source: Path) -> Graph:
    """Who uses whom, a file at a time; tests are left out.

    A parent that only publishes what a child has (`pub use self::child::…`) does not use it.
    """
    files = dict(_modules(source))
    return {module: _used(module, code(file), files) for module, file in files.items()}


def code(file: Path) -> str:
    """The text of a file without comments, strings, tests, and what it only publishes."""
    text = file.read_text().split("#[cfg(test)]\nmod tests {")[0]
    text = re.sub(r"//[^\n]*", "", text)
    text = re.sub(r'"(?:\\.|[^"\\])*"', '""', text)
    return re.sub(r"\bpub(?:\([^)]*\))?\s+use\s+self::[^;]+;", "", text)


def circles(modules: Graph) -> list[set[Module]]:
    """Groups of modules each of which needs all others of its group, directly or not."""
    reach = {module: _reachable(module, modules) for module in modules}
    found: list[set[Module]] = []
    for module in sorted(modules):
        circle = {other for other in reach[module] if module in reach[other]}
        if len(circle) > 1 and circle not in found:
            found.append(circle)
    return found


def _modules(source: Path) -> Iterator[tuple[Module, Path]]:
    for file in source.rglob("*.rs"):
        name = file.relative_to(source).with_suffix("")
        parts = name.parts[:-1] if name.name in ("lib", "main", "mod") else name.parts
        if not any("tests" in part for part in parts):
            yield parts, file


def _used(module: Module, text: str, files: dict[Module, Path]) -> set[Module]:
    uses = [path for tree in re.findall(r"\buse\s+([^;]+);", text) for path in _paths(tree)]
    rest = re.sub(r"\buse\s+[^;]+;", "", text)
    paths = uses + re.findall(r"(?<![\w:])[a-z_]\w*(?:::\w+)+", rest)
    named = [found for path in paths if (found := _module(_absolute(path, module), files))]
    return set(named) - {module}


def _paths(tree: str) -> list[str]:
    """`a::{b, c::{d, e}}` as `a::b`, `a::c::d` and `a::c::e`."""
    tree = re.sub(r"\s+as\s+\w+|\s", "", tree)
    before, brace, inner = tree.partition("{")
    if not brace:
        return [tree]
    return [before + path for part in _parts(inner.removesuffix("}")) for path in _paths(part)]


def _parts(inner: str) -> Iterator[str]:
    """What stands between the commas that are in no braces."""
    depth, part = 0, ""
    for letter in inner:
        depth += {"{": 1, "}": -1}.get(letter, 0)
        if letter == "," and depth == 0:
            yield part
            part = ""
        else:
            part += letter
    if part:
        yield part


def _absolute(path: str, module: Module) -> Module:
    first, *rest = path.split("::")
    if first == "crate":
        return tuple(rest)
    if first == "super":
        while rest and rest[0] == "super":
            module, rest = module[:-1], rest[1:]
        return (*module[:-1], *rest)
    return (*module, *(rest if first == "self" else (first, *rest)))


def _module(path: Module, files: dict[Module, Path]) -> Module | None:
    """The file in which the thing at a path is; None if that is in another crate."""
    while path and path not in files:
        path = path[:-1]
    return path or None


def _reachable(module: Module, modules: Graph) -> set[Module]:
    seen: set[Module] = set()
    coming = [module]
    while coming:
        for used in modules[coming.pop()] - seen:
            seen.add(used)
            coming.append(used)
    return seen
