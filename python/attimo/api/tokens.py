"""Disposable tokens over HTTP (not in Momento's API), for clients other than Momento's."""

from typing import Annotated, Any

from starlette.requests import Request

from attimo.api.caller import Authenticated
from attimo.api.routing import Router
from attimo.api.schemas import Model, StrictModel, WholeNumber, number, text
from attimo.control import disposable_tokens, permissions
from attimo.control.callers import Caller, SessionHolder
from attimo.control.disposable_tokens import LONGEST_ID, LONGEST_LIFE, DisposableToken
from attimo.control.permissions import Permissions

router = Router("/tokens", "tokens")


class CreateToken(StrictModel):
    """A token to create: for data only, valid for at most 25 hours."""

    permissions: dict[str, Any]
    valid_for_seconds: Annotated[WholeNumber, number(1, LONGEST_LIFE)]
    token_id: Annotated[str, text(LONGEST_ID, description="Name of the token's holder.")] = ""


class CreatedToken(Model):
    """A new token, which is not stored.

    `token` goes into the header `authorization`; Momento's clients use `disposable_token`, which
    contains the endpoint, too. `valid_until` is in seconds since 1970.
    """

    token: str
    disposable_token: str
    endpoint: str
    valid_until: int


@router.post(operation_id="createToken")
def create(caller: Authenticated, body: CreateToken, request: Request) -> CreatedToken:
    """Create a token that expires and has some of the caller's permissions."""
    return created(caller, body, request)


def created(caller: Caller, body: CreateToken, request: Request) -> CreatedToken:
    """Create a token for a caller; raises what `disposable_tokens.create` raises."""
    from attimo.control import tokens

    asked = permissions.read(body.permissions)
    made = vend(caller, asked, body.valid_for_seconds, body.token_id)
    endpoint: str = request.app.state.endpoint
    wrapped = tokens.v1_token(endpoint, made.token)
    return CreatedToken(
        token=made.token,
        disposable_token=wrapped,
        endpoint=endpoint,
        valid_until=made.expires_at,
    )


def vend(
    caller: Caller, granted: Permissions, valid_for_seconds: int, token_id: str
) -> DisposableToken:
    """Create a token for a caller; raises what `disposable_tokens.create` raises."""
    if isinstance(caller, SessionHolder):
        return caller.perform(
            disposable_tokens.create_signed_in, granted, valid_for_seconds, token_id
        )
    return caller.perform(disposable_tokens.create, granted, valid_for_seconds, token_id)
