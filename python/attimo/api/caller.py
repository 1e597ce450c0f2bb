"""Who asks, and whom we ask. The data plane has checked the token before a request comes here.

It strips what a client might send under these names, and the app listens on a private socket only,
so the headers are to be believed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from attimo.control import Control
from attimo.errors import Unauthenticated

ACCOUNT_HEADER = "attimo-account"
KEY_HEADER = "attimo-key"


@dataclass(frozen=True, slots=True)
class Caller:
    """An account, and the API key with which it came."""

    account_id: int
    key_id: str


def of_headers(headers: Mapping[str, str]) -> Caller:
    """Return who the data plane says is calling.

    Raises:
        Unauthenticated: It says nothing: there was no token.
    """
    account_id = headers.get(ACCOUNT_HEADER)
    if account_id is None:
        raise Unauthenticated("This needs an API key in the header authorization")
    return Caller(int(account_id), headers.get(KEY_HEADER, ""))


async def _caller(request: Request) -> Caller:
    return of_headers(request.headers)


async def _plane(request: Request) -> Control:
    plane: Control = request.app.state.control
    return plane


Asking = Annotated[Caller, Depends(_caller)]
Plane = Annotated[Control, Depends(_plane)]
