"""Momento's control service: bytes of a request in, bytes of the reply out.

The messages are Momento's published ones. What their clients do not call (signing keys, indexes) is
not served.
"""

from collections.abc import Callable
from dataclasses import asdict
from typing import TypeVar

from google.protobuf.message import DecodeError, Message
from momento_wire_types import controlclient_pb2 as pb

from attimo.control import Control, caches
from attimo.control.limits import CacheLimits, TopicLimits
from attimo.errors import InvalidArgument

PAGE = 10_000
"""Caches in one reply: some clients read the first page only, and take 5 MB at most."""

Request = TypeVar("Request", bound=Message)
Method = Callable[[Control, int, bytes], Message]


def _create(control: Control, account_id: int, asked: bytes) -> Message:
    request = _read(pb._CreateCacheRequest(), asked)
    with control.begin() as tx:
        caches.create(tx, account_id, request.cache_name)
    return pb._CreateCacheResponse()


def _delete(control: Control, account_id: int, asked: bytes) -> Message:
    request = _read(pb._DeleteCacheRequest(), asked)
    with control.begin() as tx:
        caches.delete(tx, account_id, request.cache_name)
    return pb._DeleteCacheResponse()


def _flush(control: Control, account_id: int, asked: bytes) -> Message:
    request = _read(pb._FlushCacheRequest(), asked)
    with control.begin() as tx:
        caches.flush(tx, account_id, request.cache_name)
    return pb._FlushCacheResponse()


def _list(control: Control, account_id: int, asked: bytes) -> Message:
    request = _read(pb._ListCachesRequest(), asked)
    with control.read() as tx:
        page = caches.list_page(tx, account_id, PAGE, request.next_token)
    reply = pb._ListCachesResponse(next_token=page.next_token or "")
    limits = pb._CacheLimits(**asdict(CacheLimits()))
    of_topics = pb._TopicLimits(**asdict(TopicLimits()))
    for cache in page.items:
        reply.cache.add(cache_name=cache.name, cache_limits=limits, topic_limits=of_topics)
    return reply


METHODS: dict[str, Method] = {
    "/control_client.ScsControl/CreateCache": _create,
    "/control_client.ScsControl/DeleteCache": _delete,
    "/control_client.ScsControl/FlushCache": _flush,
    "/control_client.ScsControl/ListCaches": _list,
}


def _read(request: Request, asked: bytes) -> Request:
    try:
        request.ParseFromString(asked)
    except DecodeError as error:
        raise InvalidArgument(f"The message is not a {request.DESCRIPTOR.name}") from error
    return request
