"""Every limit of the product, in words; the numbers come from where each is kept to.

The data plane's own and those that are settings are given by whoever starts the server; all others
are constants of the control plane.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from attimo import names
from attimo.api import mail_limits, paging, throttle
from attimo.control import (
    accounts,
    breakdown,
    caches,
    directory,
    disposable_tokens,
    invitations,
    passwords,
    permissions,
    roles,
    selectors,
    session_rows,
    sessions,
    url_keys,
    users,
    words,
)
from attimo.errors import (
    AttimoError,
    Busy,
    Exhausted,
    InvalidArgument,
    StoreUnavailable,
    TooManyAttempts,
    TooMuchMail,
    Unauthenticated,
)
from attimo.store import database

Unit = Literal[
    "bytes", "characters", "seconds", "minutes", "count", "per minute", "per hour", "per day"
]


@dataclass(frozen=True, slots=True)
class Breach:
    """What happens to whoever wants more.

    Attributes:
        effect: In words.
        status: The HTTP status, if the request is refused.
        code: The word beside it.
        err: Which limit it was, in the words of Momento's clients, where they have one.
    """

    effect: str
    status: int | None = None
    code: str | None = None
    err: str | None = None


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit; `setting` is the one by which the operator changes it, if there is one."""

    name: str
    value: int
    unit: Unit
    purpose: str
    breach: Breach
    setting: str | None = None


def _refused(kind: type[AttimoError]) -> Breach:
    return Breach("the request is refused", kind.status, kind.code)


def _too_large(err: str, status: int = 413) -> Breach:
    return Breach("the request is refused", status, Exhausted.code, err)


_INVALID = _refused(InvalidArgument)
_EXHAUSTED = _refused(Exhausted)
_REQUEST = _too_large("request_size_limit_exceeded")
_CUT = Breach("the connection is closed")
_SLOW = Breach("the request is refused, the connection closed", 408, "deadline_exceeded")
_WAITS = Breach("the next requests wait, or are turned away before they are read")
_LATER = Breach("further connections wait until others have left")
_LATE = _refused(StoreUnavailable)
_BYTES = _too_large("throughput_rate_limit_exceeded", Exhausted.status)
_MANY = _too_large("operations_rate_limit_exceeded", Exhausted.status)

_GIVEN: Mapping[str, tuple[Unit, str, Breach, str | None]] = {
    "memory": (
        "bytes",
        "What all items together may occupy; every cache has its fair share of it.",
        Breach("expired items leave, then those that are least worth keeping"),
        "memory",
    ),
    "item_bytes": (
        "bytes",
        "An item, its key included.",
        _too_large("item_size_limit_exceeded"),
        "item_bytes",
    ),
    "element_bytes": (
        "bytes",
        "An element of a collection: a value, or a field or value of a dictionary.",
        _too_large("element_size_limit_exceeded"),
        "element_bytes",
    ),
    "leaderboard_bytes": (
        "bytes",
        "A leaderboard, its name included; an entry counts for 12 bytes.",
        _too_large("item_size_limit_exceeded"),
        None,
    ),
    "request_bytes": ("bytes", "The body of one request.", _REQUEST, None),
    "stranger_bytes": ("bytes", "The same, without a valid token.", _REQUEST, None),
    "reply_bytes": ("bytes", "One reply with many elements.", _REQUEST, None),
    "batch_reply_bytes": (
        "bytes",
        "All replies of one batch together; with little memory, half of what items may have.",
        _REQUEST,
        None,
    ),
    "union_members": (
        "count",
        "Elements that the sources of one union of sorted sets have together.",
        _INVALID,
        None,
    ),
    "leaderboard_elements": (
        "count",
        "Elements that one request about a leaderboard writes, removes, asks for or gets.",
        _INVALID,
        None,
    ),
    "streams_per_connection": (
        "count",
        "Requests at one time on one HTTP/2 connection.",
        _WAITS,
        None,
    ),
    "strangers_per_connection": (
        "count",
        "Requests without a valid token at one time on one HTTP/2 connection.",
        _MANY,
        None,
    ),
    "idle_frames_per_second": (
        "count",
        "Frames of HTTP/2 in a second that ask for nothing.",
        _CUT,
        None,
    ),
    "room_bytes": (
        "bytes",
        "Requests and answers that are half here or half gone, of all connections; with much "
        "memory, a quarter of that.",
        _BYTES,
        None,
    ),
    "at_once_bytes": (
        "bytes",
        "An answer that is shorter is not counted there if it leaves at once.",
        Breach("it is counted there"),
        None,
    ),
    "unsent_bytes": ("bytes", "Answers under way on one connection.", _WAITS, None),
    "header_bytes": (
        "bytes",
        "The header of a request.",
        Breach("the request is refused", 431),
        None,
    ),
    "handshake": (
        "seconds",
        "For a new connection to say what it speaks, TLS included.",
        _CUT,
        None,
    ),
    "first_request": ("seconds", "For the header of a connection's first request.", _CUT, None),
    "head": ("seconds", "For the header of a request, from its first byte on.", _SLOW, None),
    "body": ("seconds", "For the body of a request.", _SLOW, None),
    "stranger_body": ("seconds", "The same, without a valid token.", _SLOW, None),
    "stalled": ("seconds", "For a client to read on in its answers.", _CUT, None),
    "idle": ("seconds", "How long a connection may be silent.", _CUT, None),
    "linger": (
        "seconds",
        "How long a client may go on sending after it was refused.",
        _CUT,
        None,
    ),
    "linger_bytes": ("bytes", "How much it may send then.", _CUT, None),
    "control_start": ("seconds", "For the control plane to come up after a start.", _LATE, None),
    "control_answer": ("seconds", "For the control plane to answer a request.", _LATE, None),
    "control_waiting": (
        "count",
        "Requests of one data thread that wait for the control plane.",
        _MANY,
        None,
    ),
    "control_unknown": (
        "count",
        "Control requests without a token that are carried out at once; those with a cookie apart.",
        _MANY,
        None,
    ),
    "control_unknown_waiting": ("count", "Such requests in all.", _MANY, None),
    "handles_in_reserve": (
        "count",
        "File handles that connections leave free, or half of them where there are few.",
        _LATER,
        None,
    ),
    "control_unknown_of_network": (
        "count",
        "Such requests from one address of IPv4 or one /64 of IPv6.",
        _MANY,
        None,
    ),
}
"""What is told by whoever starts the server: unit, purpose, breach, setting."""

_OURS: Mapping[str, tuple[int, Unit, str, Breach]] = {
    "cache_name": (names.LONGEST_CACHE, "characters", "A cache's name.", _INVALID),
    "cache_life": (
        caches.LONGEST_LIFE,
        "seconds",
        "How far away the end of a cache may be that ends by itself.",
        _INVALID,
    ),
    "caches_ever": (
        directory.LAST_NAMESPACE,
        "count",
        "Creations and flushes of caches on one server, ever.",
        _EXHAUSTED,
    ),
    "page": (paging.MOST, "count", "Entries in one answer of a list.", _INVALID),
    "usage_rows": (breakdown.MOST_ROWS, "count", "Rows in one answer about usage.", _INVALID),
    "roles": (roles.MOST, "count", "Roles of an account's own.", _EXHAUSTED),
    "role_name": (roles.LONGEST_NAME, "characters", "A role's name.", _INVALID),
    "rules": (permissions.MOST_RULES, "count", "Rules of one permission set.", _INVALID),
    "ranges": (permissions.MOST_RANGES, "count", "Networks of one condition.", _INVALID),
    "selector": (selectors.LONGEST, "bytes", "A name, key or prefix in a rule.", _INVALID),
    "description": (
        words.LONGEST_DESCRIPTION,
        "characters",
        "The description of a key or role.",
        _INVALID,
    ),
    "disposable_token_life": (
        disposable_tokens.LONGEST_LIFE,
        "seconds",
        "For how long a disposable token is valid.",
        _INVALID,
    ),
    "disposable_token": (
        disposable_tokens.LONGEST_TOKEN,
        "bytes",
        "A disposable token: what it permits is in it.",
        _INVALID,
    ),
    "token_id": (disposable_tokens.LONGEST_ID, "characters", "A token's own name.", _INVALID),
    "url_key_life": (
        url_keys.LONGEST_MINUTES,
        "minutes",
        "For how long a key for signed URLs is valid.",
        _INVALID,
    ),
    "account_name": (accounts.LONGEST_NAME, "characters", "An account's name.", _INVALID),
    "email": (users.LONGEST_EMAIL, "characters", "An e-mail address.", _INVALID),
    "password": (passwords.LONGEST, "characters", "A password.", _INVALID),
    "shortest_password": (
        passwords.SHORTEST,
        "characters",
        "The least that a password must have.",
        _INVALID,
    ),
    "open_invitations": (
        invitations.MOST,
        "count",
        "Invitations of an account that nobody has taken up yet.",
        _EXHAUSTED,
    ),
    "invitation_life": (
        invitations.SECONDS,
        "seconds",
        "For how long an invitation is good.",
        _refused(Unauthenticated),
    ),
    "sessions": (session_rows.MOST, "count", "Sessions of a user.", Breach("the oldest one ends")),
    "session_life": (
        sessions.SECONDS,
        "seconds",
        "How long a session lasts.",
        _refused(Unauthenticated),
    ),
    "attempts": (
        throttle.FREE,
        "count",
        "Failed tries with one name from one address (from one /64 of IPv6) before each must wait.",
        _refused(TooManyAttempts),
    ),
    "attempts_around": (
        throttle.FREE_AROUND,
        "count",
        "The same from one /24 of IPv4 or one /48 of IPv6.",
        _refused(TooManyAttempts),
    ),
    "attempts_of_name": (
        throttle.FREE_OF_NAME,
        "count",
        "The same from all networks together from which nobody has signed in by that name.",
        _refused(TooManyAttempts),
    ),
    "longest_wait": (
        throttle.LONGEST_PAUSE,
        "seconds",
        "The longest that one must wait between two such tries.",
        _refused(TooManyAttempts),
    ),
    "attempts_per_address": (
        throttle.PER_MINUTE,
        "per minute",
        "Tries with passwords from one address (from one /64 of IPv6), whatever the names.",
        _refused(TooManyAttempts),
    ),
    "mails_to_address_per_hour": (
        mail_limits.ADDRESS_HOUR,
        "per hour",
        "Invitations to one address, by all accounts together; and, apart, tokens for its "
        "forgotten password.",
        _refused(TooMuchMail),
    ),
    "mails_to_address_per_day": (
        mail_limits.ADDRESS_DAY,
        "per day",
        "The same in a day.",
        _refused(TooMuchMail),
    ),
    "invitations_per_hour": (
        mail_limits.ACCOUNT_HOUR,
        "per hour",
        "Invitations that an account sends.",
        _refused(TooMuchMail),
    ),
    "invitations_per_day": (
        mail_limits.ACCOUNT_DAY,
        "per day",
        "The same in a day.",
        _refused(TooMuchMail),
    ),
    "attempts_per_network": (
        throttle.PER_MINUTE_AROUND,
        "per minute",
        "The same from one /24 of IPv4 or one /48 of IPv6.",
        _refused(TooManyAttempts),
    ),
    "hashes_at_once": (
        passwords.AT_ONCE,
        "count",
        "Passwords that are hashed at once, 19 MiB each; one with less than 512 MiB of memory.",
        _refused(Busy),
    ),
    "busy": (
        database.BUSY_SECONDS,
        "seconds",
        "How long a change waits for the one before it.",
        _LATE,
    ),
}


def every(given: Mapping[str, int]) -> list[Limit]:
    """Every limit, with the values of those that are given by name; those first.

    Raises:
        KeyError: One is given that has no words here.
    """
    told = {name: (value, *_GIVEN[name]) for name, value in given.items()}
    of_server = [Limit(name, *told[name]) for name in _GIVEN if name in told]
    return of_server + [Limit(name, *row) for name, row in _OURS.items()]


GIVEN = frozenset(_GIVEN)
"""The names of the limits that somebody must give."""
