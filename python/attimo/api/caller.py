"""Who asks, and whom we ask. The data plane has checked the token before a request comes here.

It strips what a client might send under these names, and the app listens on a private socket only,
so the headers are to be believed. What a caller may is looked up in the transaction of what it
asks for: `act` and `look` are the only way from a door to the rules.
"""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Annotated, Protocol

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from attimo.api import cookies
from attimo.api.parameters import Given
from attimo.control import Control, Tx, access
from attimo.control.actor import Actor
from attimo.control.selectors import ALL, Selector
from attimo.errors import Unauthenticated

ACCOUNT_HEADER = "attimo-account"
KEY_HEADER = "attimo-key"
PEER_HEADER = "attimo-peer"
PROTOCOL_HEADER = "attimo-protocol"


class Caller(Protocol):
    """Somebody who is known."""

    @property
    def account_id(self) -> int:
        """Whose caches and keys are meant."""

    def actor(self, tx: Tx) -> Actor:
        """Who it is at this moment, and what that one may.

        Raises:
            Unauthenticated: It is nobody any more.
        """


@dataclass(frozen=True, slots=True)
class KeyHolder:
    """A caller with an API key."""

    account_id: int
    key_id: str
    peer: str

    def actor(self, tx: Tx) -> Actor:
        """The key, with its role."""
        return access.of_key(tx, self.account_id, self.key_id, self.peer)


def is_grpc(headers: Mapping[str, str]) -> bool:
    """Whether the data plane has found the request to be gRPC; a client cannot say so."""
    return headers.get(PROTOCOL_HEADER) == "grpc"


def is_known(headers: Mapping[str, str]) -> bool:
    """Whether the data plane says who is calling."""
    return ACCOUNT_HEADER in headers


def of_request(control: Control, request: Request) -> Caller:
    """Return who sends a request, by a token or by a cookie.

    Raises:
        Unauthenticated: It is nobody: there was no token, or the session has ended.
        PermissionDenied: A cookie's request does not show that the user wants it.
    """
    peer = request.headers.get(PEER_HEADER, "")
    if _is_by_session(request):
        holder = cookies.SessionHolder(cookies.session_of(control, request), peer)
        request.state.session = holder  # for who tells of the request
        return holder
    if not is_known(request.headers):
        raise Unauthenticated("This needs an API key in the header authorization")
    key_id = request.headers.get(KEY_HEADER, "")
    return KeyHolder(int(request.headers[ACCOUNT_HEADER]), key_id, peer)


def _is_by_session(request: Request) -> bool:
    if cookies.SESSION_HEADER in request.headers:
        return True
    # Whoever has signed in means that, also on a server that lets everybody in.
    is_open = request.headers.get(KEY_HEADER, access.LOCAL) == access.LOCAL
    return is_open and cookies.is_sent(request)


@contextmanager
def act(
    control: Control, caller: Caller, type: str, verb: str, about: Selector | None = ALL
) -> Iterator[Tx]:
    """Open a transaction that may write, for a caller who may do such things.

    Args:
        about: What the caller must be allowed to do this to; None if anything at all is enough
            here, because the rule itself looks at what it is done to.

    Raises:
        PermissionDenied: No rule of this type grants the caller this verb.
        Unauthenticated: The caller is nobody any more.
    """
    with control.begin() as tx:
        tx.actor = caller.actor(tx)
        _note_use(control, tx)
        tx.actor.need(type, verb, about)
        yield tx


@contextmanager
def look(
    control: Control, caller: Caller, type: str, verb: str, about: Selector | None = ALL
) -> Iterator[Tx]:
    """Open a transaction that only reads, for a caller who may; raises what `act` raises."""
    with control.read() as tx:
        tx.actor = caller.actor(tx)
        _note_use(control, tx)
        tx.actor.need(type, verb, about)
        yield tx


def _note_use(control: Control, tx: Tx) -> None:
    if tx.actor.key_id not in (None, access.LOCAL):
        control.uses.note(str(tx.actor.key_id), tx.now)


def vend(control: Control, caller: Caller) -> AbstractContextManager[Tx]:
    """Open a transaction for a caller who may make disposable tokens; raises what `act` raises."""
    # Nothing is written for a key; for a session, what its tokens end with may have to be.
    opened = act if isinstance(caller, cookies.SessionHolder) else look
    return opened(control, caller, "token_management", "write")


async def _caller(request: Request) -> Caller:
    control: Control = request.app.state.control
    if _is_by_session(request):
        return await run_in_threadpool(of_request, control, request)
    return of_request(control, request)


async def _plane(request: Request) -> Control:
    plane: Control = request.app.state.control
    return plane


Asking = Annotated[Caller, Given(_caller)]
Plane = Annotated[Control, Given(_plane)]
