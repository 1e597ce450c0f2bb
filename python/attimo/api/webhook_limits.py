"""The limits of webhooks, as rows of the table of limits."""

from collections.abc import Mapping

from attimo.api.breach import Breach, Unit, refused
from attimo.control import webhook_queue, webhook_room, webhooks
from attimo.errors import Exhausted, InvalidArgument
from attimo.webhooks import retries

_INVALID, _EXHAUSTED = refused(InvalidArgument), refused(Exhausted)
_DROPPED = Breach("the message is not stored for that webhook, and counted as `dropped`")
_OLDEST_GO = Breach("the oldest are deleted")

ROWS: Mapping[str, tuple[int, Unit, str, Breach]] = {
    "webhook_name": (webhooks.LONGEST_NAME, "characters", "A webhook's name.", _INVALID),
    "webhook_url": (webhooks.LONGEST_URL, "characters", "The URL of a webhook.", _INVALID),
    "webhooks_of_cache": (webhooks.MOST_OF_CACHE, "count", "Webhooks of a cache.", _EXHAUSTED),
    "webhooks_of_account": (
        webhooks.MOST_OF_ACCOUNT,
        "count",
        "Webhooks of an account.",
        _EXHAUSTED,
    ),
    "webhook_waiting": (
        webhook_room.MOST_WAITING,
        "count",
        "Messages that wait for one webhook.",
        _DROPPED,
    ),
    "webhook_waiting_bytes": (
        webhook_room.MOST_BYTES_OF_WEBHOOK,
        "bytes",
        "All messages that wait for one webhook; as much again may be given up.",
        _DROPPED,
    ),
    "webhook_account_bytes": (
        webhook_room.MOST_BYTES_OF_ACCOUNT,
        "bytes",
        "All messages that wait for the webhooks of an account; as much again may be given up.",
        _DROPPED,
    ),
    "webhook_server_bytes": (
        webhook_room.MOST_BYTES,
        "bytes",
        "All messages that wait for the webhooks of the server; as much again may be given up.",
        _DROPPED,
    ),
    "webhook_dead": (
        webhook_room.MOST_DEAD,
        "count",
        "Messages of one webhook that were given up.",
        _OLDEST_GO,
    ),
    "webhook_log": (
        webhook_queue.MOST_LOGGED,
        "count",
        "Attempts of one webhook in its log.",
        _OLDEST_GO,
    ),
    "webhook_life": (
        retries.GIVE_UP_SECONDS,
        "seconds",
        "For a message to be delivered to a webhook.",
        Breach("the message is given up after the next attempt that fails"),
    ),
    "webhook_old_secret": (
        webhooks.MOST_KEEP_OLD_SECONDS,
        "seconds",
        "For an old secret of a webhook to sign beside the new one.",
        _INVALID,
    ),
}
