"""One well-formed request for every data and control method that Attimo has, by raw message."""

from dataclasses import dataclass

from momento_wire_types import cacheclient_pb2 as pb
from momento_wire_types import common_pb2 as common
from momento_wire_types import controlclient_pb2 as control_pb

from conformance.wire import CONTROL, SCS, Message, Wire

KEY = b"key"


@dataclass(frozen=True)
class Call:
    """One method and a request that it takes."""

    service: str
    method: str
    request: Message
    reply: type[Message]
    streams: bool = False

    def __str__(self) -> str:
        return self.method

    def on(self, wire: Wire) -> object:
        """Send it."""
        if self.streams:
            return wire.stream(self.method, self.request, self.reply)
        return wire.unary(self.service, self.method, self.request, self.reply)


DATA = [
    Call(SCS, "Get", pb._GetRequest(cache_key=KEY), pb._GetResponse),
    Call(SCS, "Set", pb._SetRequest(cache_key=KEY, ttl_milliseconds=1), pb._SetResponse),
    Call(SCS, "Delete", pb._DeleteRequest(cache_key=KEY), pb._DeleteResponse),
    Call(SCS, "KeysExist", pb._KeysExistRequest(cache_keys=[KEY]), pb._KeysExistResponse),
    Call(
        SCS,
        "Increment",
        pb._IncrementRequest(cache_key=KEY, amount=1, ttl_milliseconds=1),
        pb._IncrementResponse,
    ),
    Call(
        SCS,
        "SetIf",
        pb._SetIfRequest(cache_key=KEY, ttl_milliseconds=1, absent=common.Absent()),
        pb._SetIfResponse,
    ),
    Call(
        SCS,
        "SetIfNotExists",
        pb._SetIfNotExistsRequest(cache_key=KEY, ttl_milliseconds=1),
        pb._SetIfNotExistsResponse,
    ),
    Call(SCS, "GetWithHash", pb._GetWithHashRequest(cache_key=KEY), pb._GetWithHashResponse),
    Call(
        SCS,
        "SetIfHash",
        pb._SetIfHashRequest(
            cache_key=KEY, ttl_milliseconds=1, unconditional=common.Unconditional()
        ),
        pb._SetIfHashResponse,
    ),
    Call(
        SCS,
        "GetBatch",
        pb._GetBatchRequest(items=[pb._GetRequest(cache_key=KEY)]),
        pb._GetResponse,
        streams=True,
    ),
    Call(
        SCS,
        "SetBatch",
        pb._SetBatchRequest(items=[pb._SetRequest(cache_key=KEY, ttl_milliseconds=1)]),
        pb._SetResponse,
        streams=True,
    ),
    Call(
        SCS,
        "UpdateTtl",
        pb._UpdateTtlRequest(cache_key=KEY, overwrite_to_milliseconds=1),
        pb._UpdateTtlResponse,
    ),
    Call(SCS, "ItemGetTtl", pb._ItemGetTtlRequest(cache_key=KEY), pb._ItemGetTtlResponse),
    Call(SCS, "ItemGetType", pb._ItemGetTypeRequest(cache_key=KEY), pb._ItemGetTypeResponse),
]

CONTROLS = [
    Call(
        CONTROL,
        "CreateCache",
        control_pb._CreateCacheRequest(cache_name="never-made"),
        control_pb._CreateCacheResponse,
    ),
    Call(
        CONTROL,
        "DeleteCache",
        control_pb._DeleteCacheRequest(cache_name="never-made"),
        control_pb._DeleteCacheResponse,
    ),
    Call(
        CONTROL,
        "FlushCache",
        control_pb._FlushCacheRequest(cache_name="never-made"),
        control_pb._FlushCacheResponse,
    ),
    Call(CONTROL, "ListCaches", control_pb._ListCachesRequest(), control_pb._ListCachesResponse),
]
