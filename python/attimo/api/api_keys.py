"""API keys over HTTP, in the words of Momento's own API."""

from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import BaseModel, BeforeValidator, ConfigDict
from pydantic_core import PydanticCustomError

from attimo.api.caller import Asking, Plane
from attimo.api.paging import MOST, Limit, NextToken
from attimo.api.refusals import RESPONSES
from attimo.control import api_keys
from attimo.control.api_keys import ApiKey

router = APIRouter(prefix="/api-keys", tags=["API keys"], responses=RESPONSES)

Role = Literal["owner"]


def _moment(expiry: object) -> object:
    if expiry == "never" or type(expiry) is int:
        return expiry
    raise PydanticCustomError("expiry", 'must be "never" or whole seconds since 1970')


class Wanted(BaseModel):
    """A key to make; `expiry` is `never` or seconds since 1970, the one role is `owner`."""

    model_config = ConfigDict(extra="forbid")

    description: str | None = None
    expiry: Annotated[int | Literal["never"], BeforeValidator(_moment)] = "never"
    role_id: Role = "owner"


class Shown(BaseModel):
    """What is known of a key; without `expires_at_epoch_seconds` it never expires."""

    key_id: str
    account_id: int
    description: str
    role_id: Role = "owner"
    issued_at_epoch_seconds: int
    expires_at_epoch_seconds: int | None = None


class Made(BaseModel):
    """A new key. `api_key` is shown this once and kept nowhere."""

    api_key: str
    key_info: Shown


class Listed(BaseModel):
    """A page of keys; without `next_token` it is the last."""

    key_info: list[Shown]
    next_token: str | None = None


class Revoked(BaseModel):
    """Nothing is left to say."""


@router.post("", response_model_exclude_none=True)
def create(plane: Plane, caller: Asking, wanted: Wanted) -> Made:
    """Create a key with full access to the account; it can be used at once."""
    expires_at = None if wanted.expiry == "never" else wanted.expiry
    with plane.begin() as tx:
        made = api_keys.create(tx, caller.account_id, wanted.description or "", expires_at)
    return Made(api_key=made.token, key_info=_shown(made.key))


@router.get("", response_model_exclude_none=True)
def list_page(
    plane: Plane,
    caller: Asking,
    limit: Limit = MOST,
    next_token: NextToken = None,
) -> Listed:
    """List the account's keys that are not revoked."""
    with plane.read() as tx:
        page = api_keys.list_page(tx, caller.account_id, limit, next_token)
    return Listed(key_info=[_shown(key) for key in page.items], next_token=page.next_token)


@router.delete("/{key_id}")
def revoke(plane: Plane, caller: Asking, key_id: str) -> Revoked:
    """Refuse a key from now on."""
    with plane.begin() as tx:
        api_keys.revoke(tx, caller.account_id, key_id)
    return Revoked()


def _shown(key: ApiKey) -> Shown:
    return Shown(
        key_id=key.id,
        account_id=key.account_id,
        description=key.description,
        issued_at_epoch_seconds=key.issued_at,
        expires_at_epoch_seconds=key.expires_at,
    )
