"""Which handlers perform which actions, as the source of `attimo.api` and `attimo.console` says.

A handler may perform an action by itself, or through functions that it names.
"""

import ast
import importlib
import inspect
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from attimo.api.app import OPERATIONS
from attimo.api.services import METHODS
from attimo.console.addresses import PREFIX
from attimo.console.app import PAGES
from attimo.control.actions import Action

AnyAction = Action[Any, Any]
Handler = Callable[..., Any]

DATA_PLANE = "attimo.console.data.of_cache"
"""By which alone pages reach it."""


def actions(handler: Handler) -> list[AnyAction]:
    """The actions that a handler performs, in the order in which the source names them.

    Raises:
        TypeError: It performs what is not an action.
    """
    found = _performed(handler.__module__, handler.__name__, frozenset())
    return list(dict.fromkeys(found))


def asks_data_plane(page: Handler) -> bool:
    """Whether a page asks the data plane, as the source says; the gate decides what it may do."""
    seen = set[str]()
    _visit(page.__module__, page.__name__, seen)
    return DATA_PLANE in seen


def by_http() -> dict[str, Handler]:
    """Every handler of a described path, by its method and path."""
    described = (each for each in OPERATIONS if each.operation_id)
    paths = {each: each.path.replace(":path}", "}") for each in described}
    return {f"{each.method} {path}": each.function for each, path in paths.items()}


def by_grpc() -> dict[str, Handler]:
    """Every handler of a gRPC method, by its service and name."""
    return {path.lstrip("/"): method for path, method in METHODS.items()}


def by_page() -> dict[str, Handler]:
    """Every handler of a page, by its method and path."""
    return {f"{each.method} {PREFIX}{each.path}": each.function for each in PAGES}


def _performed(module: str, name: str, seen: frozenset[str]) -> Iterator[AnyAction]:
    here = f"{module}.{name}"
    function = _functions(module).get(name)
    if here in seen or function is None:
        return
    names = _imports(module) | _imported(function)
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and _is_perform(node.func):
            yield from _actions(node.args[0], names)
        elif isinstance(node, (ast.Name, ast.Attribute)):
            place, _, used = _full_name(node, names, module).rpartition(".")
            if place.startswith(("attimo.api", "attimo.console")):
                yield from _performed(place, used, seen | {here})


def _visit(module: str, name: str, seen: set[str]) -> None:
    """Collect the functions of the console that one of them names, and those that these name."""
    here = f"{module}.{name}"
    function = _functions(module).get(name)
    if here in seen or function is None:
        return
    seen.add(here)
    for node in ast.walk(function):
        if isinstance(node, (ast.Name, ast.Attribute)):
            place, _, used = _full_name(node, _imports(module), module).rpartition(".")
            if place.startswith("attimo.console"):
                _visit(place, used, seen)


def _is_perform(called: ast.expr) -> bool:
    return isinstance(called, ast.Attribute) and called.attr == "perform"


def _actions(argument: ast.expr, names: dict[str, str]) -> Iterator[AnyAction]:
    """The actions in the first argument of `perform`, which may choose between two."""
    for node in ast.walk(argument):
        if isinstance(node, ast.Attribute):
            module, _, name = _full_name(node, names, "").rpartition(".")
            found = getattr(importlib.import_module(module), name)
            if not isinstance(found, Action):
                raise TypeError(f"{module}.{name} is not an action")
            yield found


def _full_name(node: ast.Name | ast.Attribute, names: dict[str, str], module: str) -> str:
    if isinstance(node, ast.Name):
        return names.get(node.id, f"{module}.{node.id}")
    if isinstance(node.value, ast.Name):
        return f"{names.get(node.value.id, '')}.{node.attr}"
    return ""


@cache
def _tree(module: str) -> ast.Module:
    try:
        return ast.parse(inspect.getsource(importlib.import_module(module)))
    except ImportError:  # a class, and no module
        return ast.Module([], [])


@cache
def _functions(module: str) -> dict[str, ast.FunctionDef | ast.AsyncFunctionDef]:
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {node.name: node for node in _tree(module).body if isinstance(node, kinds)}


@cache
def _imports(module: str) -> dict[str, str]:
    return _imported(_tree(module))


def _imported(part: ast.AST) -> dict[str, str]:
    """What names mean that are imported in a part of a module."""
    return {
        alias.asname or alias.name: f"{node.module}.{alias.name}"
        for node in ast.walk(part)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
