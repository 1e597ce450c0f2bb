"""A Get and a Set as they stand on the wire."""

from momento_wire_types import cacheclient_pb2 as pb

from conformance.edge.connection import Connection, framed
from conformance.wire import MINUTE

GET = "/cache_client.Scs/Get"
SET = "/cache_client.Scs/Set"
MISS = framed(pb._GetResponse(result=pb.Miss).SerializeToString())


def get(key: bytes = b"no-such-key") -> bytes:
    """A whole Get as it stands on the wire."""
    return framed(pb._GetRequest(cache_key=key).SerializeToString())


def put(value: bytes) -> bytes:
    """A whole Set as it stands on the wire."""
    request = pb._SetRequest(cache_key=b"key", cache_body=value, ttl_milliseconds=MINUTE)
    return framed(request.SerializeToString())


def works(connection: Connection) -> bool:
    """The connection still serves."""
    answer = connection.call(GET, get())
    return answer.grpc_status == 0 and answer.body == MISS and connection.goaway is None
