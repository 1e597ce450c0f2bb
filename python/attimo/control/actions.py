"""Actions: the control plane's operations, each with its permission and its name in the audit log.

Every function of `control` that writes, or that reads for a caller, is an action. The outermost
action of a transaction checks its permission; an action that another calls is a part of it and
checks nothing. A transaction fails if rows were written outside an action, or by an action that
wrote no audit entry although it should. Handlers can only perform actions, so they can forget
neither the permission nor the entry.
"""

from collections.abc import Callable
from enum import Enum
from functools import update_wrapper
from typing import Concatenate, Generic, ParamSpec, TypeVar

from attimo.control.actor import SYSTEM
from attimo.control.permissions import Right
from attimo.control.tx import Tx
from attimo.errors import PermissionDenied

Args = ParamSpec("Args")
Result = TypeVar("Result")


class Without(Enum):
    """Why an action needs no permission."""

    PROOF = "a session, a password, a token from an e-mail or a signature proves the right"
    SERVER = "only the server performs it, by itself or as a part of another action"


PROOF, SERVER = Without.PROOF, Without.SERVER


class Action(Generic[Args, Result]):
    """An operation, the permission that it needs, and its name in the audit log.

    Attributes:
        name: A noun and a verb, such as `cache.create`.
        right: The permission, or why it needs none.
        writes: Whether it needs a transaction that may write.
        audited: Whether it must write an audit entry when it changes rows.
    """

    def __init__(
        self,
        rule: Callable[Concatenate[Tx, Args], Result],
        name: str,
        right: Right | Without,
        writes: bool,
        audited: bool,
    ) -> None:
        self._rule = rule
        self.name = name
        self.right = right
        self.writes = writes
        self.audited = audited
        update_wrapper(self, rule)

    def __repr__(self) -> str:
        """The name of the function, with its module."""
        return f"{self._rule.__module__}.{self._rule.__qualname__}"

    def __call__(self, tx: Tx, /, *args: Args.args, **kwargs: Args.kwargs) -> Result:
        """Run the action, as a part of the current one if there is one.

        Raises:
            PermissionDenied: The actor lacks the permission.
            Exception: Those of the function.
        """
        outer, changes, entries = tx.action, tx.db.changes, tx.entries
        if not outer:
            self._check(tx, args)
        tx.action = self.name
        try:
            result = self._rule(tx, *args, **kwargs)
        finally:
            tx.action = outer
        written = tx.db.changes - changes if self.writes else 0
        if written and self.audited and tx.entries == entries:
            raise RuntimeError(f"{self.name} wrote rows and no audit entry")
        if not outer:
            tx.accounted += written
        return result

    def _check(self, tx: Tx, args: tuple[object, ...]) -> None:
        match self.right:
            case Right(about=None):
                # Behind the account comes the name, for the message; the action checks it.
                names = [each for each in args[1:2] if isinstance(each, str)]
                tx.actor.need(self.right, *names)
            case Right():
                tx.actor.need(self.right)
            case Without.SERVER if tx.actor != SYSTEM:
                raise PermissionDenied("Insufficient permissions: only the server does this")


def writes(
    name: str, right: Right | Without, audited: bool = True
) -> Callable[[Callable[Concatenate[Tx, Args], Result]], Action[Args, Result]]:
    """Declare an action that may write.

    Args:
        name: A noun and a verb, for the audit log.
        right: The permission that a caller needs, or why none is needed.
        audited: False for changes that belong to no account, or that are counted instead.
    """
    return lambda rule: Action(rule, name, right, writes=True, audited=audited)


def reads(
    name: str, right: Right | Without
) -> Callable[[Callable[Concatenate[Tx, Args], Result]], Action[Args, Result]]:
    """Declare an action that only reads; the audit log does not record it."""
    return lambda rule: Action(rule, name, right, writes=False, audited=False)
