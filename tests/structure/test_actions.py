"""Every action has a handler and every handler an action; nothing reaches the rules otherwise."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from attimo.control.actions import SERVER
from docs.generator import documentation

ROOT = Path(__file__).parents[2] / "python" / "attimo"

WITHOUT_ACTION = {
    "GET /ca.pem": "public",
    "GET /.well-known/acme-challenge/{token}": "public",
}
"""Handlers that perform no action, and why."""

FORMS_WITHOUT_ACTION = {
    "POST /console/passkeys/begin": "reads nothing: it makes a challenge, which is kept in memory",
}
"""Forms that perform no action, and why."""

BEFORE_REQUESTS = {"mail_limits.py"}
"""What reads the database itself, when the app is made."""


@pytest.fixture(scope="module")
def handlers() -> ModuleType:
    return documentation("handlers")


@pytest.fixture(scope="module")
def permissions() -> ModuleType:
    return documentation("permissions")


def test_every_handler_performs_an_action(handlers: ModuleType) -> None:
    known = handlers.by_http() | handlers.by_grpc()

    without = {name for name, handler in known.items() if not handlers.actions(handler)}

    assert len(known) > 40
    assert without == WITHOUT_ACTION.keys()


def test_every_form_of_a_page_performs_an_action_or_asks_the_data_plane(
    handlers: ModuleType,
) -> None:
    forms = {name: each for name, each in handlers.by_page().items() if name.startswith("POST ")}

    without = {name for name, each in forms.items() if not handlers.actions(each)}
    assert forms
    by_data_plane = {name for name in forms if "{name}/item" in name}
    assert without == FORMS_WITHOUT_ACTION.keys() | by_data_plane
    assert {name for name in by_data_plane if not handlers.asks_data_plane(forms[name])} == set()


def test_every_action_that_a_caller_may_ask_for_has_a_handler(
    handlers: ModuleType, permissions: ModuleType
) -> None:
    known = handlers.by_http() | handlers.by_grpc() | handlers.by_page()
    performed = {each for handler in known.values() for each in handlers.actions(handler)}
    offered = {each for each in permissions.actions() if each.right is not SERVER}

    assert {str(each) for each in offered - performed} == set()
    assert {str(each) for each in performed - offered} == set()


def test_an_action_is_a_noun_and_a_verb(permissions: ModuleType) -> None:
    names = {each.name for each in permissions.actions()}

    assert {name for name in names if not re.fullmatch(r"[a-z-]+\.[a-z-]+", name)} == set()


def test_no_handler_opens_a_transaction_or_says_who_acts() -> None:
    outside = {
        file.name
        for door in ("api", "console")
        for file in (ROOT / door).rglob("*.py")
        if any(opens(node) for node in ast.walk(ast.parse(file.read_text())))
    }

    assert outside == BEFORE_REQUESTS


def opens(node: ast.AST) -> bool:
    if isinstance(node, ast.ImportFrom):
        imported = {
            f"{node.module}.{each.name}".removeprefix("attimo.control.") for each in node.names
        }
        return bool(imported & {"Tx", "tx.Tx", "actor.Actor", "actor.SYSTEM", "actor", "tx"})
    if isinstance(node, ast.withitem) and isinstance(node.context_expr, ast.Call):
        called = node.context_expr.func
        return isinstance(called, ast.Attribute) and called.attr in ("begin", "read")
    return isinstance(node, ast.Attribute) and node.attr == "_control" and not is_self(node.value)


def is_self(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == "self"


def test_every_rule_that_writes_is_an_action_or_a_part_of_one() -> None:
    """What writes rows by itself is private, an action, or in the module of a table."""
    public = {
        f"{file.stem}.{function.name}"
        for file in (ROOT / "control").glob("*.py")
        if file.stem != "session_rows"
        for function in ast.parse(file.read_text()).body
        if isinstance(function, ast.FunctionDef) and not function.name.startswith("_")
        if writes_rows(function) and not declared(function)
    }

    assert public == set()


def writes_rows(function: ast.FunctionDef) -> bool:
    called = (node.func for node in ast.walk(function) if isinstance(node, ast.Call))
    attributes = {each.attr for each in called if isinstance(each, ast.Attribute)}
    return bool(attributes & {"insert", "execute", "execute_each"})


def declared(function: ast.FunctionDef) -> bool:
    return any(name in ("reads", "writes") for name in decorators(function))


def decorators(function: ast.FunctionDef) -> Iterator[str]:
    for each in function.decorator_list:
        if isinstance(each, ast.Call) and isinstance(each.func, ast.Name):
            yield each.func.id
