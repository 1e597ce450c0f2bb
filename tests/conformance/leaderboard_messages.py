"""The messages of `leaderboard.Leaderboard`, which Momento's Python package of messages leaves out.

They are declared here by number, name and type, and made when the module is imported, in a pool of
their own: a later package that does have them is not disturbed.
"""

import re
from collections.abc import Iterable
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.descriptor import ServiceDescriptor
from momento_wire_types import common_pb2

SERVICE = "leaderboard.Leaderboard"
ASCENDING = 0
DESCENDING = 1

# A field is `[repeated|optional|oneof:<name>] <type> <name> = <number>`.
_MESSAGES = {
    "_Element": ["uint32 id = 1", "double score = 3"],
    "_RankedElement": ["uint32 id = 1", "uint32 rank = 3", "double score = 4"],
    "_RankRange": ["uint32 start_inclusive = 1", "uint32 end_exclusive = 2"],
    "_ScoreRange": [
        "oneof:min .common._Unbounded unbounded_min = 1",
        "oneof:min double min_inclusive = 5",
        "oneof:max .common._Unbounded unbounded_max = 3",
        "oneof:max double max_exclusive = 6",
    ],
    "_Empty": [],
    "_DeleteLeaderboardRequest": ["string leaderboard = 2"],
    "_GetLeaderboardLengthRequest": ["string leaderboard = 2"],
    "_GetLeaderboardLengthResponse": ["uint32 count = 1"],
    "_UpsertElementsRequest": ["string leaderboard = 2", "repeated ._Element elements = 3"],
    "_RemoveElementsRequest": ["string leaderboard = 2", "repeated uint32 ids = 3"],
    "_GetByRankRequest": [
        "string leaderboard = 2",
        "._RankRange rank_range = 3",
        "Order order = 4",
    ],
    "_GetByRankResponse": ["repeated ._RankedElement elements = 1"],
    "_GetRankRequest": ["string leaderboard = 2", "repeated uint32 ids = 3", "Order order = 4"],
    "_GetRankResponse": ["repeated ._RankedElement elements = 1"],
    "_GetByScoreRequest": [
        "string leaderboard = 2",
        "._ScoreRange score_range = 3",
        "uint32 offset = 4",
        "uint32 limit_elements = 5",
        "Order order = 6",
    ],
    "_GetByScoreResponse": ["repeated ._RankedElement elements = 1"],
    "_GetCompetitionRankRequest": [
        "string leaderboard = 1",
        "repeated uint32 ids = 2",
        "optional Order order = 3",
    ],
    "_GetCompetitionRankResponse": ["repeated ._RankedElement elements = 1"],
}
_METHODS = {
    "DeleteLeaderboard": "_Empty",
    "UpsertElements": "_Empty",
    "RemoveElements": "_Empty",
    "GetLeaderboardLength": "_GetLeaderboardLengthResponse",
    "GetByRank": "_GetByRankResponse",
    "GetRank": "_GetRankResponse",
    "GetByScore": "_GetByScoreResponse",
    "GetCompetitionRank": "_GetCompetitionRankResponse",
}
_FIELD = re.compile(r"(?:(repeated|optional|oneof:\w+) )?([\w.]+) (\w+) = (\d+)")
_Field = descriptor_pb2.FieldDescriptorProto
_NUMBERS = {
    "uint32": _Field.TYPE_UINT32,
    "double": _Field.TYPE_DOUBLE,
    "string": _Field.TYPE_STRING,
}


def request(method: str, **fields: Any) -> Any:
    """A request of a method, with these fields."""
    return _message(f"_{method}Request")(**fields)


def reply(method: str) -> Any:
    """The class of a method's replies."""
    return _message(_METHODS[method])


def service() -> ServiceDescriptor:
    """The methods, as a published descriptor would list them."""
    return _POOL.FindServiceByName(SERVICE)


def _message(name: str) -> Any:
    return message_factory.GetMessageClass(_POOL.FindMessageTypeByName(f"leaderboard.{name}"))


def _declared() -> descriptor_pb2.FileDescriptorProto:
    file = descriptor_pb2.FileDescriptorProto(
        name="attimo/leaderboard.proto",
        package="leaderboard",
        syntax="proto3",
        dependency=[common_pb2.DESCRIPTOR.name],
    )
    order = file.enum_type.add(name="Order")
    order.value.add(name="ASCENDING", number=ASCENDING)
    order.value.add(name="DESCENDING", number=DESCENDING)
    for name, fields in _MESSAGES.items():
        _declare(file.message_type.add(name=name), fields)
    methods = file.service.add(name="Leaderboard")
    for method, answer in _METHODS.items():
        methods.method.add(
            name=method,
            input_type=f".leaderboard._{method}Request",
            output_type=f".leaderboard.{answer}",
        )
    return file


def _declare(message: descriptor_pb2.DescriptorProto, fields: Iterable[str]) -> None:
    for text in fields:
        ((how, kind, name, number),) = _FIELD.findall(text)
        field = message.field.add(name=name, number=int(number), label=_Field.LABEL_OPTIONAL)
        _give_type(field, kind)
        if how == "repeated":
            field.label = _Field.LABEL_REPEATED
        elif how:
            field.oneof_index = _choice(message, how.removeprefix("oneof:"), name)
            field.proto3_optional = how == "optional"


def _give_type(field: descriptor_pb2.FieldDescriptorProto, kind: str) -> None:
    if kind in _NUMBERS:
        field.type = _NUMBERS[kind]
    elif kind == "Order":
        field.type, field.type_name = _Field.TYPE_ENUM, ".leaderboard.Order"
    else:
        field.type = _Field.TYPE_MESSAGE
        field.type_name = kind if kind.startswith(".common.") else f".leaderboard{kind}"


def _choice(message: descriptor_pb2.DescriptorProto, name: str, field: str) -> int:
    """The position of a oneof; protobuf wants one of its own for an optional field."""
    name = f"_{field}" if name == "optional" else name
    names = [each.name for each in message.oneof_decl]
    if name not in names:
        message.oneof_decl.add(name=name)
        names.append(name)
    return names.index(name)


_POOL = descriptor_pool.DescriptorPool()
_POOL.AddSerializedFile(common_pb2.DESCRIPTOR.serialized_pb)
_POOL.AddSerializedFile(_declared().SerializeToString())
