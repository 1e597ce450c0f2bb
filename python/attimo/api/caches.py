"""Caches over HTTP."""

from fastapi import APIRouter
from pydantic import BaseModel

from attimo.api.caller import Asking, Plane, act, look
from attimo.api.paging import MOST, Limit, NextToken
from attimo.api.refusals import RESPONSES
from attimo.control import caches
from attimo.control.limits import CacheLimits

router = APIRouter(prefix="/caches", tags=["caches"], responses=RESPONSES)
# {name:path}: a name with a "/" is refused as a name, not as an unknown path.


class Named(BaseModel):
    """A cache's name."""

    name: str


class Shown(BaseModel):
    """A cache; `created_at` in seconds since 1970."""

    name: str
    created_at: int
    limits: CacheLimits


class Listed(BaseModel):
    """A page of caches; without `next_token` it is the last."""

    caches: list[Shown]
    next_token: str | None = None


@router.put("/{name:path}", status_code=201)
def create(plane: Plane, caller: Asking, name: str) -> Named:
    """Create a cache; it can be used at once."""
    with act(plane, caller, "resource_management", "write") as tx:
        caches.create(tx, caller.account_id, name)
    return Named(name=name)


@router.get("", response_model_exclude_none=True)
def list_page(
    plane: Plane,
    caller: Asking,
    limit: Limit = MOST,
    next_token: NextToken = None,
) -> Listed:
    """List the account's caches by name."""
    with look(plane, caller, "resource_management", "list") as tx:
        page = caches.list_page(tx, caller.account_id, limit, next_token)
    shown = [
        Shown(name=cache.name, created_at=cache.created_at, limits=plane.cache_limits)
        for cache in page.items
    ]
    return Listed(caches=shown, next_token=page.next_token)


@router.delete("/{name:path}", status_code=204)
def delete(plane: Plane, caller: Asking, name: str) -> None:
    """Delete a cache and all that is in it."""
    with act(plane, caller, "resource_management", "write") as tx:
        caches.delete(tx, caller.account_id, name)


@router.post("/{name:path}/flush", status_code=204)
def flush(plane: Plane, caller: Asking, name: str) -> None:
    """Take every item out of a cache."""
    with act(plane, caller, "resource_management", "write") as tx:
        caches.flush(tx, caller.account_id, name)
