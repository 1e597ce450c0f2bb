"""The methods of gRPC that are answered here, by their paths.

Apart from the door, which imports this when the first call comes: what reads the messages takes
3 MB, and a server that is call for data alone, or by HTTP, needs none of it.
"""

from attimo.api import auth, scs_control
from attimo.api.grpc_call import GrpcCall, Method
from attimo.errors import Unimplemented

METHODS: dict[str, Method] = {**scs_control.METHODS, **auth.METHODS}


def reply(path: str, call: GrpcCall) -> bytes:
    """Carry out a call; return the bytes of the reply.

    Raises:
        Unimplemented: There is no such method.
        Exception: Those of the method.
    """
    method = METHODS.get(path)
    if method is None:
        raise Unimplemented(f"There is no method {path}")
    return method(call).SerializeToString()
