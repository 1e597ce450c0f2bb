"""The gRPC methods of the control plane, by path.

`grpc.py` imports this on the first call: the messages take 3 MB, which a server without gRPC
control requests does not need.
"""

from attimo.api import auth, scs_control, webhook_service
from attimo.api.grpc_call import GrpcCall, Method
from attimo.errors import Unimplemented

METHODS: dict[str, Method] = {
    **scs_control.METHODS,
    **auth.METHODS,
    **webhook_service.METHODS,
}


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
