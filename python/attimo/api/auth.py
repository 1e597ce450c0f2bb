"""Momento's services Auth and Token: create API keys and disposable tokens.

The credential is in the message, from which the data plane has read it; a refresh needs only the
refresh token.
"""

from typing import Any

from google.protobuf.message import Message

from attimo.api import grants
from attimo.api.grpc_call import GrpcCall, Method
from attimo.api.messages import auth_pb2, token_pb2
from attimo.api.tokens import vend
from attimo.control import refresh_tokens
from attimo.control.api_keys import NewApiKey
from attimo.control.disposable_tokens import LONGEST_ID
from attimo.errors import InvalidArgument


def _disposable(call: GrpcCall) -> Message:
    request, caller = call.read(token_pb2._GenerateDisposableTokenRequest()), call.caller
    if grants.is_super_user(request.permissions):
        raise InvalidArgument("permissions must be explicit: a disposable token is for data")
    wanted = grants.read(request.permissions)
    made = vend(caller, wanted, request.expires.valid_for_seconds, request.token_id)
    return token_pb2._GenerateDisposableTokenResponse(
        api_key=made.token, endpoint=call.endpoint, valid_until=made.expires_at
    )


def _generate(call: GrpcCall) -> Message:
    request, caller = call.read(auth_pb2._GenerateApiTokenRequest()), call.caller
    everything = grants.is_super_user(request.permissions)
    wanted = None if everything else grants.read(request.permissions)
    if len(request.token_id) > LONGEST_ID:
        raise InvalidArgument(f"token_id must be at most {LONGEST_ID} characters")
    made, refresh = caller.perform(
        refresh_tokens.create_key, wanted, request.description, _valid_for(request)
    )
    return auth_pb2._GenerateApiTokenResponse(**_said(made, refresh, call.endpoint))


def _valid_for(request: auth_pb2._GenerateApiTokenRequest) -> int | None:
    match request.WhichOneof("expiry"):
        case "never":
            return None
        case "expires" if request.expires.valid_for_seconds > 0:
            return int(request.expires.valid_for_seconds)
        case _:
            raise InvalidArgument("expiry must be never, or expires.valid_for_seconds more than 0")


def _refresh(call: GrpcCall) -> Message:
    request = call.read(auth_pb2._RefreshApiTokenRequest())
    made, refresh = call.visitor.perform(refresh_tokens.use, request.api_key, request.refresh_token)
    return auth_pb2._RefreshApiTokenResponse(**_said(made, refresh, call.endpoint))


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
