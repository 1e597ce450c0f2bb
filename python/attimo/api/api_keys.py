"""API keys over HTTP, as in Momento's own API."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError
from starlette.requests import Request

from attimo.api.caller import Authenticated
from attimo.api.paging import MOST, Limit, NextToken
from attimo.api.parameters import Given
from attimo.api.routing import Router
from attimo.api.schemas import Id, Model, StrictModel, text, whole
from attimo.control import api_keys, offboarding, text_rules
from attimo.control.api_keys import ApiKey
from attimo.control.key_uses import KeyUses
from attimo.control.text_rules import LONGEST_DESCRIPTION

router = Router("/api-keys", "API keys")


def _moment(expiry: object) -> object:
    moment = whole(expiry)
    if moment == "never" or type(moment) is int:
        return moment
    raise PydanticCustomError("expiry", 'must be "never" or whole seconds since 1970')


class CreateApiKey(StrictModel):
    """A key to create; `expiry` is `never` or seconds since 1970."""

    role_id: str = "owner"
    description: Annotated[str, text(LONGEST_DESCRIPTION, least=1)]
    expiry: Annotated[int | Literal["never"], BeforeValidator(_moment)] = "never"


class ApiKeyInfo(Model):
    """An API key without its token; without `expires_at_epoch_seconds` it never expires.

    Without `last_used_at_epoch_seconds` it was never used. A key whose `role_id` is its own id has
    permissions of its own. `made_by` is the e-mail address of the member who created it, and
    `made_by_key_id` the key with which it was created.
    """

    key_id: str
    account_id: str
    description: str | None = None
    role_id: str
    issued_at_epoch_seconds: int
    expires_at_epoch_seconds: int | None = None
    last_used_at_epoch_seconds: int | None = None
    made_by: str | None = None
    made_by_key_id: str | None = None


class CreatedApiKey(Model):
    """A new key. `api_key` is shown only once and is not stored."""

    api_key: str
    key_info: ApiKeyInfo


class ApiKeyPage(Model):
    """A page of keys; the last one has no `next_token`."""

    key_info: list[ApiKeyInfo]
    next_token: str | None = None


class RevokedApiKey(Model):
    """Empty."""


async def _uses(request: Request) -> KeyUses:
    found: KeyUses = request.app.state.control.uses
    return found


@router.post(operation_id="createApiKey", refuses=(404,))
def create(caller: Authenticated, body: CreateApiKey) -> CreatedApiKey:
    """Create a key with a role; it is usable at once. It can't exceed the caller's permissions.

    Nor can it expire later than the key that creates it.
    """
    text_rules.check("description", body.description, LONGEST_DESCRIPTION)
    expires_at = None if body.expiry == "never" else body.expiry
    made = caller.perform(api_keys.create, body.description, expires_at, body.role_id)
    return CreatedApiKey(api_key=made.token, key_info=info(made.key))


@router.get(operation_id="listApiKeys")
def list_page(
    caller: Authenticated,
    uses: Annotated[KeyUses, Given(_uses)],
    limit: Limit = MOST,
    next_token: NextToken = None,
) -> ApiKeyPage:
    """List the account's keys that are not revoked."""
    page = caller.perform(api_keys.list_page, limit, next_token)
    known = [info(key, uses.last(key.id)) for key in page.items]
    return ApiKeyPage(key_info=known, next_token=page.next_token)


@router.delete("/{key_id}", operation_id="revokeApiKey", refuses=(404, 412))
def revoke(
    caller: Authenticated,
    key_id: Id,
    force: Annotated[
        bool, Field(description="Revoke even the last key that can manage the account's keys.")
    ] = False,
    with_made: Annotated[
        bool,
        Field(description="Also revoke what was created with it: API and URL keys, invitations."),
    ] = False,
) -> RevokedApiKey:
    """Revoke a key and the disposable tokens that it requested, immediately.

    A key cannot revoke the last one that can manage the account's keys, unless `force` is set:
    callers who only have keys could not undo it.
    """
    if with_made:
        caller.perform(offboarding.revoke_with_made, key_id, force)
    else:
        caller.perform(api_keys.revoke, key_id, force)
    return RevokedApiKey()


def info(key: ApiKey, used_at: int | None = None) -> ApiKeyInfo:
    """Return a key as callers are shown it; `used_at` is a use that is not in the database yet."""
    return ApiKeyInfo(
        key_id=key.id,
        account_id=str(key.account_id),
        description=key.description or None,
        role_id=key.role_id,
        issued_at_epoch_seconds=key.issued_at,
        expires_at_epoch_seconds=key.expires_at,
        last_used_at_epoch_seconds=max(used_at or 0, key.last_used_at or 0) or None,
        made_by=key.made_by,
        made_by_key_id=key.made_by_key_id,
    )
