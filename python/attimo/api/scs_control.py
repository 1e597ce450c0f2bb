"""Momento's control service: caches, and the keys that sign URLs.

The messages are Momento's published ones. What its clients do not call (indexes) is not served.
"""

from dataclasses import asdict

from google.protobuf.message import Message

from attimo.api.grpc_call import GrpcCall, Method
from attimo.api.messages import controlclient_pb2 as pb
from attimo.control import caches, url_keys

PAGE = 10_000
"""Caches per reply: some clients read the first page only, and accept at most 5 MB."""


def _create(call: GrpcCall) -> Message:
    request = call.read(pb._CreateCacheRequest())
    call.caller.perform(caches.create, request.cache_name)
    return pb._CreateCacheResponse()


def _delete(call: GrpcCall) -> Message:
    request = call.read(pb._DeleteCacheRequest())
    call.caller.perform(caches.delete, request.cache_name)
    return pb._DeleteCacheResponse()


def _flush(call: GrpcCall) -> Message:
    request = call.read(pb._FlushCacheRequest())
    call.caller.perform(caches.flush, request.cache_name)
    return pb._FlushCacheResponse()


def _list(call: GrpcCall) -> Message:
    request = call.read(pb._ListCachesRequest())
    page = call.caller.perform(caches.list_page, PAGE, request.next_token)
    reply = pb._ListCachesResponse(next_token=page.next_token or "")
    limits = pb._CacheLimits(**asdict(call.caller.cache_limits))
    of_topics = pb._TopicLimits(**asdict(call.caller.topic_limits))
    for cache in page.items:
        reply.cache.add(cache_name=cache.name, cache_limits=limits, topic_limits=of_topics)
    return reply


def _create_signing_key(call: GrpcCall) -> Message:
    request = call.read(pb._CreateSigningKeyRequest())
    made = call.caller.perform(url_keys.create, request.ttl_minutes)
    return pb._CreateSigningKeyResponse(key=made.jwk, expires_at=made.key.expires_at)


def _list_signing_keys(call: GrpcCall) -> Message:
    request = call.read(pb._ListSigningKeysRequest())
    page = call.caller.perform(url_keys.list_page, PAGE, request.next_token)
    reply = pb._ListSigningKeysResponse(next_token=page.next_token or "")
    for key in page.items:
        reply.signing_key.add(key_id=key.kid, expires_at=key.expires_at)
    return reply


def _revoke_signing_key(call: GrpcCall) -> Message:
    request = call.read(pb._RevokeSigningKeyRequest())
    call.caller.perform(url_keys.revoke, request.key_id)
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
