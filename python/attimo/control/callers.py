"""Who sends a request, and what they ask for: the only way from a handler to the rules.

A caller performs actions and opens no transaction. What a caller is permitted is looked up in the
transaction of each action, so a change of a role or the end of a key counts from the next one on.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Concatenate, ParamSpec, TypeVar

from attimo.control import access, sessions
from attimo.control.actions import Action
from attimo.control.actor import Actor
from attimo.control.permissions import NOTHING
from attimo.control.plane import Control
from attimo.control.sessions import Session
from attimo.control.tx import Tx

Args = ParamSpec("Args")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who has not been authenticated, at an address."""

    _control: Control = field(repr=False)
    peer: str

    def perform(
        self, action: Action[Args, Result], /, *args: Args.args, **kwargs: Args.kwargs
    ) -> Result:
        """Perform an action that needs no permission.

        Raises:
            PermissionDenied: It needs one.
            Exception: Those of the action.
        """
        return self._control.perform(self._actor, action, *args, **kwargs)

    def with_key(self, account_id: int, key_id: str) -> "KeyHolder":
        """The same, authenticated by an API key."""
        return KeyHolder(self._control, self.peer, account_id, key_id)

    def with_session(self, session: Session) -> "SessionHolder":
        """The same, authenticated by a session."""
        return SessionHolder(self._control, self.peer, session.account_id, session)

    def _actor(self, _: Tx) -> Actor:
        return Actor("visitor", self.peer, NOTHING)


@dataclass(frozen=True, slots=True)
class Caller(ABC):
    """Somebody who has been authenticated, and the account whose caches and keys are meant."""

    _control: Control = field(repr=False)
    peer: str
    account_id: int

    def perform(
        self,
        action: Action[Concatenate[int, Args], Result],
        /,
        *args: Args.args,
        **kwargs: Args.kwargs,
    ) -> Result:
        """Perform an action on the caller's account.

        Raises:
            PermissionDenied: The caller lacks the permission.
            Unauthenticated: The key or the session has ended meanwhile.
            Exception: Those of the action.
        """
        return self._control.perform(self.actor, action, self.account_id, *args, **kwargs)

    @abstractmethod
    def actor(self, tx: Tx) -> Actor:
        """Who it is at this moment, with their permissions.

        Raises:
            Unauthenticated: The key or the session has ended.
        """


@dataclass(frozen=True, slots=True)
class KeyHolder(Caller):
    """A caller with an API key."""

    key_id: str

    def actor(self, tx: Tx) -> Actor:
        """The key, with its role."""
        return access.of_key(tx, self.account_id, self.key_id, self.peer)


@dataclass(frozen=True, slots=True)
class SessionHolder(Caller):
    """A caller who has signed in."""

    session: Session

    def actor(self, tx: Tx) -> Actor:
        """The member, with their role."""
        return sessions.actor(tx, self.session, self.peer)
