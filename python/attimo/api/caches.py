"""Caches over HTTP."""

from typing import Annotated

from pydantic import Field
from starlette.requests import Request

from attimo import names
from attimo.api import tokens
from attimo.api.caller import Authenticated
from attimo.api.latency import Latency
from attimo.api.node_stats import NodeStats
from attimo.api.paging import MOST, Limit, NextToken
from attimo.api.routing import Router
from attimo.api.schemas import CACHE_NAME, Model, StrictModel, WholeNumber, number, text
from attimo.api.tokens import CreatedToken
from attimo.api.usage import UsageCounts
from attimo.control import cache_history, caches
from attimo.control.callers import Caller
from attimo.control.disposable_tokens import LONGEST_ID, LONGEST_LIFE
from attimo.control.limits import CacheLimits
from attimo.errors import NoSuchCache

router = Router("/caches", "caches")
CacheName = Annotated[
    str, Field(description=f"The cache's name: {names.CACHE_RULE}.", json_schema_extra=CACHE_NAME)
]
# {name:path}: a name with a "/" is refused as a name, not as an unknown path.


class TokenOfCache(StrictModel):
    """A token to create with a cache: it reads and writes the items of this cache alone."""

    valid_for_seconds: Annotated[WholeNumber, number(1, LONGEST_LIFE)]
    token_id: Annotated[str, text(LONGEST_ID, description="Name of the token's holder.")] = ""


class CreateCache(StrictModel):
    """Options of a new cache; the body is optional."""

    expires_in: Annotated[
        WholeNumber | None,
        number(
            1,
            caches.LONGEST_LIFE,
            "Delete the cache automatically after so many seconds; null is never.",
        ),
    ] = None
    token: TokenOfCache | None = None


class ExtendCache(StrictModel):
    """How long a cache should live from now on."""

    expires_in: Annotated[
        WholeNumber,
        number(1, caches.LONGEST_LIFE, "The cache expires in so many seconds, or later."),
    ]


class CreatedCache(Model):
    """A new cache; without `expires_at` (seconds since 1970) it never expires.

    It has a `token` if the request asks for one.
    """

    name: str
    expires_at: int | None = None
    token: CreatedToken | None = None


class CacheInfo(Model):
    """A cache; times in seconds since 1970. Without `expires_at` it never expires."""

    name: str
    created_at: int
    expires_at: int | None = None
    limits: CacheLimits


class CacheStats(Model):
    """What a cache stores now, and its counts since the server started; times as in `CacheInfo`."""

    name: str
    created_at: int
    expires_at: int | None = None
    items: Annotated[int, Field(description="Items, with expired ones that are not swept yet.")]
    stored_bytes: Annotated[int, Field(description="Bytes of memory that the items take.")]
    latency: Annotated[
        Latency | None,
        Field(description="That of this minute and the one before; absent without successes."),
    ] = None
    counts: UsageCounts


class CachePage(Model):
    """A page of caches; the last one has no `next_token`."""

    caches: list[CacheInfo]
    next_token: str | None = None


@router.put(
    "/{name:path}",
    status=201,
    operation_id="createCache",
    refuses=(409,),
)
def create(
    caller: Authenticated, name: CacheName, request: Request, body: CreateCache | None = None
) -> CreatedCache:
    """Create a cache; it is usable at once.

    With `expires_in` it expires: at that second the cache and its items are deleted, and its name
    is free again. With `token`, the response has a disposable token for this cache alone; if the
    caller must not create that, no cache is created.
    """
    asked = body or CreateCache()
    token = _token(caller, name, asked.token, request) if asked.token else None
    made = caller.perform(caches.create, name, asked.expires_in)
    return CreatedCache(name=made.name, expires_at=made.expires_at, token=token)


def _token(caller: Caller, name: str, asked: TokenOfCache, request: Request) -> CreatedToken:
    names.check_cache(name)
    rule = {
        "type": "cache",
        "permissions": ["read", "write"],
        "caches": {"name": name},
        "items": "*",
    }
    whole = tokens.CreateToken(permissions={"rules": [rule]}, **asked.model_dump())
    return tokens.created(caller, whole, request)


@router.get(operation_id="listCaches")
def list_page(
    caller: Authenticated,
    limit: Limit = MOST,
    next_token: NextToken = None,
) -> CachePage:
    """List the caches that the caller is allowed to list, by name."""
    page, limits = caller.perform(caches.list_page, limit, next_token), caller.cache_limits
    shown = [
        CacheInfo(
            name=cache.name,
            created_at=cache.created_at,
            expires_at=cache.expires_at,
            limits=limits,
        )
        for cache in page.items
    ]
    return CachePage(caches=shown, next_token=page.next_token)


@router.get("/{name:path}/stats", operation_id="getCacheStats", refuses=(404,))
def stats(caller: Authenticated, name: CacheName, stats_of: NodeStats) -> CacheStats:
    """Show what a cache stores, its latency, and its counts since the server started until now.

    Whoever can `read` all of its items can ask.
    """
    cache = caller.perform(caches.find, name)
    latencies = caller.perform(cache_history.latencies, [name])
    found = stats_of(cache.id)
    if found is None:  # it was deleted just now
        raise NoSuchCache(name)
    return CacheStats(
        name=cache.name,
        created_at=cache.created_at,
        expires_at=cache.expires_at,
        items=found["items"],
        stored_bytes=found["stored_bytes"],
        latency=Latency.of(latencies.get(name)),
        counts=UsageCounts.model_validate(found),
    )


@router.delete("/{name:path}", status=204, operation_id="deleteCache", refuses=(404,))
def delete(caller: Authenticated, name: CacheName) -> None:
    """Delete a cache and all its items."""
    caller.perform(caches.delete, name)


@router.post("/{name:path}/extend", operation_id="extendCache", refuses=(404,))
def extend(caller: Authenticated, name: CacheName, body: ExtendCache) -> CreatedCache:
    """Let a cache expire later.

    One that never expires, or later than that, stays as it is.
    """
    cache = caller.perform(caches.extend, name, body.expires_in)
    return CreatedCache(name=cache.name, expires_at=cache.expires_at)


@router.post("/{name:path}/flush", status=204, operation_id="flushCache", refuses=(404,))
def flush(caller: Authenticated, name: CacheName) -> None:
    """Delete all items of a cache."""
    caller.perform(caches.flush, name)
