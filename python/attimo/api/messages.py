"""The published message types of the control plane.

Their package also imports its gRPC clients, and so all of gRPC: 19 MB that a server never uses.
Here only the messages are imported, under another name.
"""

import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from momento_wire_types import (
        auth_pb2,
        controlclient_pb2,
        permissionmessages_pb2,
        token_pb2,
    )
else:
    _package = ModuleType(f"{__name__}.generated")
    _package.__path__ = [str(Path(find_spec("momento_wire_types").origin).with_name("generated"))]
    sys.modules[_package.__name__] = _package
    auth_pb2, controlclient_pb2, permissionmessages_pb2, token_pb2 = (
        import_module(f"{_package.__name__}.{name}_pb2")
        for name in ("auth", "controlclient", "permissionmessages", "token")
    )

__all__ = ["auth_pb2", "controlclient_pb2", "permissionmessages_pb2", "token_pb2"]
