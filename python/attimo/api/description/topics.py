"""Topics: publish, and subscribe by long polls or to streams of events."""

from collections.abc import Mapping
from typing import Any

from attimo.api.description.data import CACHE, NO_CACHE, NO_CONTENT, binary, items
from attimo.api.description.parts import (
    LARGEST_UNSIGNED,
    Operation,
    Operations,
    Parameter,
    array,
    integer,
    json_answer,
    object_schema,
    operation,
    query,
)
from attimo.api.description.scalars import ANY_BYTES

TAG = "topics"
TOPIC: Parameter = {
    "name": "topic",
    "in": "path",
    "required": True,
    "description": "The topic's name: UTF-8, percent-encoded, at most 1,024 bytes.",
    "schema": {"type": "string", "minLength": 1},
    "example": "news",
}
_NUMBER = integer(0, LARGEST_UNSIGNED, format="uint64")
_TEXT = {"type": "string"}
_ITEMS = object_schema(
    items=array(
        {
            "anyOf": [
                object_schema(
                    item=object_schema(
                        optional=["publisher_id"],
                        topic_sequence_number=_NUMBER,
                        sequence_page=_NUMBER,
                        value={"anyOf": [object_schema(text=_TEXT), object_schema(binary=_TEXT)]},
                        publisher_id=_TEXT,
                    )
                ),
                object_schema(
                    discontinuity=object_schema(
                        last_topic_sequence=_NUMBER,
                        new_topic_sequence=_NUMBER,
                        new_sequence_page=_NUMBER,
                    )
                ),
            ]
        },
        maxItems=100,
    )
)
_PAGE = 1_748_358_253_000_000
_LISTED = object_schema(
    ["next_token"],
    topics=array(
        object_schema(
            name=_TEXT,
            sequence_page=_NUMBER,
            last_topic_sequence=_NUMBER,
            subscribers=_NUMBER,
            messages=_NUMBER,
            bytes=_NUMBER,
        ),
        maxItems=1_000,
    ),
    next_token=_TEXT,
)
_EXAMPLE_LISTED = {
    "topics": [
        {
            "name": "news",
            "sequence_page": _PAGE,
            "last_topic_sequence": 104,
            "subscribers": 2,
            "messages": 3,
            "bytes": 834,
        }
    ]
}
_EXAMPLE = {
    "items": [
        {
            "discontinuity": {
                "last_topic_sequence": 100,
                "new_topic_sequence": 104,
                "new_sequence_page": _PAGE,
            }
        },
        {
            "item": {
                "topic_sequence_number": 104,
                "sequence_page": _PAGE,
                "value": {"text": "hello world"},
            }
        },
    ]
}

_EVENTS = f"""\
retry: 1500
event: begin
id: {_PAGE}-103
data: {{}}

id: {_PAGE}-104
data: {{"item":{{"topic":"news","topic_sequence_number":104,\
"sequence_page":{_PAGE},"value":{{"text":"hello"}}}}}}

:

event: end
data: {{"status":503,"title":"Service Unavailable","err":"server_stopping"}}

"""
_STREAM = {"text/event-stream": {"schema": _TEXT, "example": _EVENTS}}
_MESSAGES = "Messages, and which ones were missed, in order."
_STREAMED = (
    "`data` is an item as in the answer to a poll, with its `topic`; the event `discontinuity` "
    "says what was missed, and `end` is the last one. Comments show that the stream works. 429 and "
    "503 are told in the `data` of an `end`, with the status 200, since a browser would not come "
    "back otherwise."
)
_POSITION = query(
    "last_event_id",
    _TEXT,
    "The `id` of the last event: `page-number` of the last message of each topic, joined by "
    "commas. Browsers send it as `Last-Event-ID`, which counts if there are both.",
)


def _with_stream(answer: dict[str, Any]) -> dict[str, Any]:
    return answer | {"content": answer["content"] | _STREAM}


OPERATIONS: Operations = {
    "Publish": operation(
        "publish",
        TAG,
        "Publish a message to a topic",
        {204: NO_CONTENT},
        description="At most 1 MiB: text (`text/plain`) or bytes (`application/octet-stream`). "
        "With any other type, or without one, it is text if it is UTF-8. "
        "Text in another charset is refused (415).",
        parameters=[CACHE, TOPIC],
        body={"required": False, "description": "The message.", "content": ANY_BYTES},
        refused=NO_CACHE,
    ),
    "Subscribe": operation(
        "subscribe",
        TAG,
        "Wait for messages of a topic",
        {200: _with_stream(json_answer(_MESSAGES, _ITEMS, _EXAMPLE))},
        description="With `Accept: text/event-stream`, the answer is a stream of events: "
        f"{_STREAMED} Otherwise, it comes when there is a message, or after 30 seconds with no "
        "items; at most 100 items. Poll again with the last number plus one, and its page: then "
        "nothing is missed that the topic keeps. A `discontinuity` says that the messages after "
        "`last_topic_sequence` and before `new_topic_sequence` are gone. `binary` is in base64.",
        parameters=[
            CACHE,
            TOPIC,
            query(
                "sequence_number",
                integer(0, LARGEST_UNSIGNED, default=0),
                "Number of the next message; with 0, begin at the newest one.",
            ),
            query(
                "sequence_page",
                integer(0, LARGEST_UNSIGNED, default=0),
                "Page of that number; with 0, the current one.",
            ),
            _POSITION,
        ],
        refused=NO_CACHE,
    ),
    "ListTopics": items(
        "listTopics",
        TAG,
        "List the topics of a cache whose names start with a prefix",
        {200: json_answer("A page of topics, in the order of names.", _LISTED, _EXAMPLE_LISTED)},
        description="Each with the number of its newest message (0: none yet), its page, its "
        "subscribers now, and the messages that it keeps with their memory. A topic is there from "
        "its first use until ten minutes after its last. The last page has no `next_token`. The "
        "caller must be allowed to subscribe to every topic with this prefix.",
        parameters=[
            *binary("prefix", "What the names start with; empty for all topics."),
            query("limit", integer(1, 1_000, default=100), "Maximum number of topics per page."),
            query("next_token", _TEXT, "`next_token` of the previous page."),
        ],
        one_of=("prefix",),
    ),
}

OF_SEVERAL = operation(
    "subscribeToTopics",
    TAG,
    "Receive messages of several topics as a stream of events",
    {200: {"description": _MESSAGES, "content": _STREAM}},
    description=f"{_STREAMED} The `id` has the positions in all topics, in their order. With "
    "`Upgrade: websocket` on HTTP/1.1, or `CONNECT` with the `:protocol` websocket on HTTP/2 (RFC "
    "8441), the answer is a WebSocket instead, to subscribe and to publish: the guide about topics "
    "has its messages.",
    parameters=[
        CACHE,
        *binary("topic", "A topic's name; at most 32 of them.", many=True),
        _POSITION,
    ],
    refused=NO_CACHE,
)
ALONE: Mapping[str, Operation] = {"/topics/{cache}": OF_SEVERAL}
"""Operations of single paths, where a method has others, too."""
