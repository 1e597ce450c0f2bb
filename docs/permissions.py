"""The page of permissions: what each action of the control plane needs, from its declaration."""

import importlib
import pkgutil
from collections.abc import Iterator

import handlers
from handlers import AnyAction

from attimo import control
from attimo.control.actions import PROOF, Action, Without
from attimo.control.permissions import Right


def actions() -> list[AnyAction]:
    """Every action of the control plane, by name."""
    modules = (each.name for each in pkgutil.iter_modules(control.__path__, "attimo.control."))
    found = {
        value
        for module in modules
        for value in vars(importlib.import_module(module)).values()
        if isinstance(value, Action)
    }
    return sorted(found, key=lambda each: (each.name, each.__module__, each.__qualname__))


def lines(note: str) -> Iterator[str]:
    """The lines of the page."""
    yield from ("# Permissions of the control plane", "", note, "")
    yield "What each request for the control plane needs: a rule of a type with a verb, as"
    yield "[the HTTP API](http-api.md#permissionset) describes them. *By name*: a rule for the"
    yield "name of that cache is enough. *Proof*: a session, a password or a token from an e-mail"
    yield "instead of a permission; members need none to remove themselves. Nobody can give, change"
    yield "or revoke more than they have: see [the security model](../explanation/security.md)."
    yield "With `accounts`, `GET /usage` and `GET /audit` need `server_management` instead; so do"
    yield "the requests for bills with `account`. `PUT /webhooks/{cache}/{name}` and `PutWebhook`"
    yield "also need `topic` with `read`, for the present topic and the new one."
    yield ""
    yield "The audit log records actions under these names, but for those in parentheses."
    for title, known in (("HTTP", handlers.by_http()), ("gRPC", handlers.by_grpc())):
        yield from ("", f"## {title}", "", "| request | permission | action |", "|---|---|---|")
        for name, handler in known.items():
            performed = [each for each in handlers.actions(handler) if not _is_lookup(each)]
            if not handlers.actions(handler):
                continue
            yield f"| `{name}` | {_rights(performed)} | {_names(performed)} |"


def _is_lookup(action: AnyAction) -> bool:
    return action.right is PROOF and not action.writes


def _rights(performed: list[AnyAction]) -> str:
    rights = [_right(each.right) for each in performed]
    return ", ".join(dict.fromkeys(rights)) or "proof"


def _right(right: Right | Without) -> str:
    if isinstance(right, Without):
        return "proof"
    return f"`{right.type}` with `{right.verb}`" + (", by name" if right.about is None else "")


def _names(performed: list[AnyAction]) -> str:
    names = [f"`{each.name}`" if each.audited else f"(`{each.name}`)" for each in performed]
    return ", ".join(dict.fromkeys(names))
