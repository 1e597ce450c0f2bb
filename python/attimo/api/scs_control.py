"""Momento's control service: caches, and the keys that sign URLs.

The messages are Momento's published ones. What their clients do not call (indexes) is not served.
"""

from dataclasses import asdict

from google.protobuf.message import Message

from attimo.api.messages import controlclient_pb2 as pb
from attimo.api.methods import Asked, Method
from attimo.control import caches, url_keys
from attimo.control.limits import TopicLimits

PAGE = 10_000
"""Caches in one reply: some clients read the first page only, and take 5 MB at most."""


def _create(asked: Asked) -> Message:
    request = asked.read(pb._CreateCacheRequest())
    asked.caller.perform(caches.create, request.cache_name)
    return pb._CreateCacheResponse()


def _delete(asked: Asked) -> Message:
    request = asked.read(pb._DeleteCacheRequest())
    asked.caller.perform(caches.delete, request.cache_name)
    return pb._DeleteCacheResponse()


def _flush(asked: Asked) -> Message:
    request = asked.read(pb._FlushCacheRequest())
    asked.caller.perform(caches.flush, request.cache_name)
    return pb._FlushCacheResponse()


def _list(asked: Asked) -> Message:
    request = asked.read(pb._ListCachesRequest())
    page = asked.caller.perform(caches.list_page, PAGE, request.next_token)
    reply = pb._ListCachesResponse(next_token=page.next_token or "")
    limits = pb._CacheLimits(**asdict(asked.cache_limits))
    of_topics = pb._TopicLimits(**asdict(TopicLimits()))
    for cache in page.items:
        reply.cache.add(cache_name=cache.name, cache_limits=limits, topic_limits=of_topics)
    return reply


def _create_signing_key(asked: Asked) -> Message:
    request = asked.read(pb._CreateSigningKeyRequest())
    made = asked.caller.perform(url_keys.create, request.ttl_minutes)
    return pb._CreateSigningKeyResponse(key=made.jwk, expires_at=made.key.expires_at)


def _list_signing_keys(asked: Asked) -> Message:
    request = asked.read(pb._ListSigningKeysRequest())
    page = asked.caller.perform(url_keys.list_page, PAGE, request.next_token)
    reply = pb._ListSigningKeysResponse(next_token=page.next_token or "")
    for key in page.items:
        reply.signing_key.add(key_id=key.kid, expires_at=key.expires_at)
    return reply


def _revoke_signing_key(asked: Asked) -> Message:
    request = asked.read(pb._RevokeSigningKeyRequest())
    asked.caller.perform(url_keys.revoke, request.key_id)
    return pb._RevokeSigningKeyResponse()


METHODS: dict[str, Method] = {
    "/control_client.ScsControl/CreateCache": _create,
    "/control_client.ScsControl/DeleteCache": _delete,
    "/control_client.ScsControl/FlushCache": _flush,
    "/control_client.ScsControl/ListCaches": _list,
    "/control_client.ScsControl/CreateSigningKey": _create_signing_key,
    "/control_client.ScsControl/ListSigningKeys": _list_signing_keys,
    "/control_client.ScsControl/RevokeSigningKey": _revoke_signing_key,
}
