"""Callers: who sends a request, and the handlers' only way to the actions.

A caller performs actions, each in a transaction of its own, and gives no access to transactions.
Its permissions are read in that transaction, so a changed role or a revoked key counts at once.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Concatenate, ParamSpec, TypeVar

from attimo.control import access, sessions
from attimo.control.actions import Action
from attimo.control.actor import Actor
from attimo.control.limits import CacheLimits, TopicLimits
from attimo.control.permissions import NOTHING
from attimo.control.plane import Control
from attimo.control.sessions import Session
from attimo.control.tx import Tx

Args = ParamSpec("Args")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Visitor:
    """A client that is not authenticated, at an address."""

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
        """The same client, authenticated by an API key."""
        return KeyHolder(self._control, self.peer, account_id, key_id)

    def with_session(self, session: Session) -> "SessionHolder":
        """The same client, authenticated by a session."""
        return SessionHolder(self._control, self.peer, session.account_id, session)

    def _actor(self, _: Tx) -> Actor:
        return Actor("visitor", self.peer, NOTHING)


@dataclass(frozen=True, slots=True)
class Caller(ABC):
    """An authenticated client, and the account that its requests are about."""

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
            Unauthenticated: The key or the session is not valid any more.
            Exception: Those of the action.
        """
        return self._control.perform(self.actor, action, self.account_id, *args, **kwargs)

    @property
    def limits(self) -> Mapping[str, int]:
        """The limits of the account that are numbers."""
        return self._control.limits_of(self.account_id)

    @property
    def cache_limits(self) -> CacheLimits:
        """The limits of each of its caches, as callers are shown them."""
        return self._control.cache_limits.within(self.limits)

    @property
    def topic_limits(self) -> TopicLimits:
        """The limits of the topics of its caches, as callers are shown them."""
        return TopicLimits().within(self.limits)

    @abstractmethod
    def actor(self, tx: Tx) -> Actor:
        """Return the actor, with its current permissions.

        Raises:
            Unauthenticated: The key or the session is not valid any more.
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
    """A caller with a session."""

    session: Session

    def actor(self, tx: Tx) -> Actor:
        """The member, with their role."""
        return sessions.actor(tx, self.session, self.peer)
