"""All limits with their descriptions; their values come from where they are enforced.

The limits of the data plane and of settings are passed at start-up; the others are constants of the
control plane.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from attimo import names
from attimo.api import paging, people_limits, webhook_limits
from attimo.api.breach import Breach, Unit, refused, too_large
from attimo.control import (
    accounts,
    breakdown,
    caches,
    chosen_accounts,
    directory,
    disposable_tokens,
    permissions,
    roles,
    selectors,
    text_rules,
    url_keys,
)
from attimo.errors import (
    Exhausted,
    InvalidArgument,
    StoreUnavailable,
)
from attimo.store import connection


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit; `setting` is the setting that changes it, if there is one."""

    name: str
    value: int
    unit: Unit
    purpose: str
    breach: Breach
    setting: str | None = None


_INVALID = refused(InvalidArgument)
_EXHAUSTED = refused(Exhausted)
_REQUEST = too_large("request_size_limit_exceeded")
_CUT = Breach("the connection is closed")
_SLOW = Breach("the request is refused and the connection closed", 408, "deadline_exceeded")
_WAITS = Breach("further requests wait, or are refused before they are read")
_LATER = Breach("further connections wait until others have closed")
_CONTINUES = Breach("the page ends, with `next_token`")
_DROPPED = Breach("the oldest are dropped; who resumes from one is told what it misses")
_LATE = refused(StoreUnavailable)
_BYTES = too_large("throughput_rate_limit_exceeded", Exhausted.status)
_MANY = too_large("operations_rate_limit_exceeded", Exhausted.status)


_GIVEN: Mapping[str, tuple[Unit, str, Breach, str | None]] = {
    "memory": (
        "bytes",
        "Memory for all items together; every cache has its fair share.",
        Breach("expired items are removed, then the least-used items are evicted"),
        "memory",
    ),
    "item_bytes": (
        "bytes",
        "An item, including its key.",
        too_large("item_size_limit_exceeded"),
        "item_bytes",
    ),
    "element_bytes": (
        "bytes",
        "An element of a collection: a value, or a field or value of a dictionary.",
        too_large("element_size_limit_exceeded"),
        "element_bytes",
    ),
    "leaderboard_bytes": (
        "bytes",
        "A leaderboard, including its name; an entry counts 12 bytes.",
        too_large("item_size_limit_exceeded"),
        None,
    ),
    "request_bytes": ("bytes", "The body of one request.", _REQUEST, None),
    "stranger_bytes": ("bytes", "The body of one unauthenticated request.", _REQUEST, None),
    "reply_bytes": ("bytes", "One reply with many elements.", _REQUEST, None),
    "batch_reply_bytes": (
        "bytes",
        "All replies of one batch together; on small machines, half of the memory for items.",
        _REQUEST,
        None,
    ),
    "union_members": (
        "count",
        "Elements of all sources of one union of sorted sets together.",
        _INVALID,
        None,
    ),
    "leaderboard_elements": (
        "count",
        "Elements that one leaderboard request writes, removes, names or returns.",
        _INVALID,
        None,
    ),
    "page_keys": ("count", "Keys in one page of a listing.", _INVALID, None),
    "page_topics": ("count", "Topics in one page of a listing.", _INVALID, None),
    "page_key_bytes": ("bytes", "All keys of one page of a listing.", _CONTINUES, None),
    "page_cells": ("count", "Places visited for one page of a listing.", _CONTINUES, None),
    "streams_per_connection": (
        "count",
        "Concurrent requests on one HTTP/2 connection.",
        _WAITS,
        None,
    ),
    "subscriber_streams": ("count", "The same of a client that subscribes.", _WAITS, None),
    "topic_name_bytes": ("bytes", "The name of a topic.", _INVALID, None),
    "topic_history_messages": (
        "count",
        "Messages that each topic keeps.",
        _DROPPED,
        "topic_history_messages",
    ),
    "topic_history_bytes": (
        "bytes",
        "Memory of the messages that each topic keeps; the newest is kept in any case.",
        _DROPPED,
        "topic_history_bytes",
    ),
    "topic_message_bytes": ("bytes", "A message to a topic.", _REQUEST, None),
    "web_socket_message_bytes": (
        "bytes",
        "A message of a client on a WebSocket, as JSON.",
        Breach("the WebSocket is closed with 1009"),
        None,
    ),
    "web_socket_unanswered_pings": (
        "count",
        "Pings in a row that a client on a WebSocket leaves unanswered.",
        _CUT,
        None,
    ),
    "stream_topics": ("count", "Topics of one stream of events.", _INVALID, None),
    "strangers_per_connection": (
        "count",
        "Concurrent unauthenticated requests on one HTTP/2 connection.",
        _MANY,
        None,
    ),
    "idle_frames_per_second": (
        "count",
        "Useless HTTP/2 frames per second on one connection.",
        _CUT,
        None,
    ),
    "room_bytes": (
        "bytes",
        "Memory for requests and responses in flight, all connections together (on large machines: "
        "a quarter of the memory).",
        _BYTES,
        None,
    ),
    "at_once_bytes": (
        "bytes",
        "Responses smaller than this don't count towards `room_bytes` if they are sent at once.",
        Breach("the response counts towards room_bytes"),
        None,
    ),
    "unsent_bytes": ("bytes", "Unsent responses of one connection.", _WAITS, None),
    "header_bytes": ("bytes", "A request's headers.", Breach("the request is refused", 431), None),
    "handshake": (
        "seconds",
        "For a new connection to start its protocol, including TLS.",
        _CUT,
        None,
    ),
    "first_request": ("seconds", "For the headers of a connection's first request.", _CUT, None),
    "head": ("seconds", "For the headers of a request, from their first byte.", _SLOW, None),
    "body": ("seconds", "For the body of a request.", _SLOW, None),
    "stranger_body": ("seconds", "For the body of an unauthenticated request.", _SLOW, None),
    "stalled": ("seconds", "For a client to continue reading its responses.", _CUT, None),
    "idle": ("seconds", "Idle time of a connection.", _CUT, None),
    "linger": (
        "seconds",
        "Time that a client can continue to send after it was refused.",
        _CUT,
        None,
    ),
    "linger_bytes": ("bytes", "Data that a client can send after it was refused.", _CUT, None),
    "control_start": ("seconds", "For the control plane to start.", _LATE, None),
    "backend_answer": ("seconds", "For a store elsewhere to answer a command.", _LATE, None),
    "control_answer": ("seconds", "For the control plane to answer a request.", _LATE, None),
    "control_waiting": (
        "count",
        "Requests of one data thread waiting for the control plane.",
        _MANY,
        None,
    ),
    "control_unknown": (
        "count",
        "Concurrent control requests without a token; requests with a cookie count separately.",
        _MANY,
        None,
    ),
    "control_unknown_waiting": ("count", "Such requests in total, waiting or not.", _MANY, None),
    "handles_in_reserve": (
        "count",
        "File handles that connections leave free, or half of them if there are few.",
        _LATER,
        None,
    ),
    "control_unknown_of_network": (
        "count",
        "Such requests from one IPv4 address or one IPv6 /64.",
        _MANY,
        None,
    ),
}
"""Limits whose values are passed at start-up: unit, purpose, breach, setting."""

_OURS: Mapping[str, tuple[int, Unit, str, Breach]] = {
    "cache_name": (names.LONGEST_CACHE, "characters", "A cache's name.", _INVALID),
    "cache_life": (
        caches.LONGEST_LIFE,
        "seconds",
        "The lifetime of a cache that expires.",
        _INVALID,
    ),
    "caches_ever": (
        directory.LAST_NAMESPACE,
        "count",
        "Caches created or flushed in the lifetime of one server.",
        _EXHAUSTED,
    ),
    **webhook_limits.ROWS,
    "page": (paging.MOST, "count", "Entries on one page of a list.", _INVALID),
    "usage_rows": (breakdown.MOST_ROWS, "count", "Rows in one usage report.", _INVALID),
    "roles": (roles.MOST, "count", "Custom roles of an account.", _EXHAUSTED),
    "role_name": (roles.LONGEST_NAME, "characters", "A role's name.", _INVALID),
    "rules": (permissions.MOST_RULES, "count", "Rules of one permission set.", _INVALID),
    "ranges": (permissions.MOST_RANGES, "count", "Networks of one condition.", _INVALID),
    "selector": (selectors.LONGEST, "bytes", "A name, key or prefix in a rule.", _INVALID),
    "description": (
        text_rules.LONGEST_DESCRIPTION,
        "characters",
        "The description of a key or role.",
        _INVALID,
    ),
    "disposable_token_life": (
        disposable_tokens.LONGEST_LIFE,
        "seconds",
        "The lifetime of a disposable token.",
        _INVALID,
    ),
    "disposable_token": (
        disposable_tokens.LONGEST_TOKEN,
        "bytes",
        "A disposable token; it contains its permissions.",
        _INVALID,
    ),
    "token_id": (disposable_tokens.LONGEST_ID, "characters", "The id of a token.", _INVALID),
    "url_key_life": (
        url_keys.LONGEST_MINUTES,
        "minutes",
        "The lifetime of a URL signing key.",
        _INVALID,
    ),
    "account_name": (accounts.LONGEST_NAME, "characters", "An account's name.", _INVALID),
    "accounts_at_once": (
        chosen_accounts.MOST,
        "count",
        "Accounts by ID in one request for usage or audit entries.",
        _INVALID,
    ),
    **people_limits.ROWS,
    "busy": (
        connection.BUSY_SECONDS,
        "seconds",
        "Time that a change waits for the previous one.",
        _LATE,
    ),
}


def every(given: Mapping[str, int]) -> list[Limit]:
    """Return all limits; those with passed values come first.

    Raises:
        KeyError: A passed limit has no description here.
    """
    known = {name: (value, *_GIVEN[name]) for name, value in given.items()}
    of_server = [Limit(name, *known[name]) for name in _GIVEN if name in known]
    return of_server + [Limit(name, *row) for name, row in _OURS.items()]


GIVEN = frozenset(_GIVEN)
"""Return the names of the limits whose values must be passed."""
