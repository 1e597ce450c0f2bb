"""Momento's services Auth and Token: keys and tokens for whoever shows a key that may make them.

The credential is in the message, which the data plane has read for us; that of a refresh is the
refresh token alone.
"""

from typing import Any

from google.protobuf.message import Message

from attimo.api import grants
from attimo.api.caller import act, vend
from attimo.api.messages import auth_pb2, token_pb2
from attimo.api.methods import Asked, Method
from attimo.control import api_keys, disposable_tokens, permissions, refresh_tokens
from attimo.control.api_keys import NewApiKey
from attimo.errors import InvalidArgument, PermissionDenied

LONGEST_TOKEN_ID = disposable_tokens.LONGEST_ID


def _disposable(asked: Asked) -> Message:
    request = asked.read(token_pb2._GenerateDisposableTokenRequest())
    caller = asked.caller
    with vend(asked.control, caller) as tx:
        if grants.is_super_user(request.permissions):
            raise InvalidArgument("permissions must be explicit: a disposable token is for data")
        wanted = grants.read(request.permissions)
        made = disposable_tokens.create(
            tx,
            caller.account_id,
            wanted,
            request.expires.valid_for_seconds,
            request.token_id,
        )
    return token_pb2._GenerateDisposableTokenResponse(
        api_key=made.token, endpoint=asked.endpoint, valid_until=made.expires_at
    )


def _generate(asked: Asked) -> Message:
    request = asked.read(auth_pb2._GenerateApiTokenRequest())
    caller = asked.caller
    with act(asked.control, caller, "auth_management", "write") as tx:
        wanted = _wanted(request, came_with_key=tx.actor.key_id is not None)
        if len(request.token_id) > LONGEST_TOKEN_ID:
            raise InvalidArgument(f"token_id must be at most {LONGEST_TOKEN_ID} characters")
        until = _until(request, tx.now)
        made = api_keys.create_scoped(tx, caller.account_id, wanted, request.description, until)
        refresh = refresh_tokens.create(tx, made.key) if until else ""
    return auth_pb2._GenerateApiTokenResponse(**_said(made, refresh, asked.endpoint))


def _wanted(
    request: auth_pb2._GenerateApiTokenRequest, came_with_key: bool
) -> permissions.Permissions:
    if not grants.is_super_user(request.permissions):
        return grants.read(request.permissions)
    if came_with_key:
        raise PermissionDenied(
            "Insufficient permissions: a key cannot make a super-user key; sign in to make one"
        )
    return permissions.everything()


def _until(request: auth_pb2._GenerateApiTokenRequest, now: int) -> int | None:
    match request.WhichOneof("expiry"):
        case "never":
            return None
        case "expires" if request.expires.valid_for_seconds > 0:
            return now + int(request.expires.valid_for_seconds)
        case _:
            raise InvalidArgument("expiry must be never, or expires.valid_for_seconds more than 0")


def _refresh(asked: Asked) -> Message:
    request = asked.read(auth_pb2._RefreshApiTokenRequest())
    with asked.control.begin() as tx:
        made = refresh_tokens.use(tx, request.api_key, request.refresh_token, asked.peer)
        asked.control.uses.note(str(tx.actor.key_id), tx.now)
        refresh = refresh_tokens.create(tx, made.key)
    return auth_pb2._RefreshApiTokenResponse(**_said(made, refresh, asked.endpoint))


def _said(made: NewApiKey, refresh: str, endpoint: str) -> dict[str, Any]:
    return {
        "api_key": made.token,
        "refresh_token": refresh,
        "endpoint": endpoint,
        "valid_until": made.key.expires_at or 0,
    }


METHODS: dict[str, Method] = {
    "/token.Token/GenerateDisposableToken": _disposable,
    "/auth.Auth/GenerateApiToken": _generate,
    "/auth.Auth/RefreshApiToken": _refresh,
}
