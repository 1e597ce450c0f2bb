"""How much may be stored for webhooks, so that none takes the place of another.

A webhook may have as much as its account has left, and an account as much as the server has left:
so a full queue always leaves room for other webhooks and other accounts.
"""

from dataclasses import dataclass

from attimo.control.tx import Tx

MOST_WAITING = 10_000
"""Messages that wait for one webhook."""
MOST_DEAD = 1_000
"""Messages of one webhook that were given up; older ones are deleted."""
MOST_BYTES_OF_WEBHOOK = 16 << 20
"""Of what waits for one webhook; as much again may have been given up."""
MOST_BYTES_OF_ACCOUNT = 128 << 20
"""The same for all of an account."""
MOST_BYTES = 1 << 30
"""The same for all of the server."""

_ALL = "SELECT coalesce(sum(waiting_bytes), 0) FROM webhooks WHERE waiting > 0"
_WAITING = """
SELECT disabled_at IS NOT NULL, waiting, waiting_bytes, (
    SELECT sum(waiting_bytes) FROM webhooks AS other
    WHERE other.account_id = webhooks.account_id AND other.deleted_at IS NULL
) FROM webhooks WHERE id = :id
"""
_DEAD_OF_OTHERS = """
SELECT coalesce(sum(dead_bytes) FILTER (
    WHERE account_id = (SELECT account_id FROM webhooks WHERE id = :id)
), 0), coalesce(sum(dead_bytes), 0)
FROM webhooks WHERE dead > 0 AND id <> :id
"""


@dataclass(slots=True)
class Room:
    """What may still be stored for a webhook.

    Attributes:
        places: How many messages.
        own: How many bytes are stored for it.
        of_account: How many for all webhooks of its account, with it.
        of_all: How many for all of the server.
    """

    places: int
    own: int
    of_account: int
    of_all: int

    @property
    def bytes(self) -> int:
        """How many bytes may still be stored: each of them counts for the account and for all."""
        of_account = MOST_BYTES_OF_ACCOUNT - self.of_account - self.own
        of_all = MOST_BYTES - self.of_all - self.of_account - self.own
        return min(MOST_BYTES_OF_WEBHOOK - self.own, of_account // 2, of_all // 3)

    def has(self, size: int) -> bool:
        """Whether there is room for a message of so many bytes."""
        return self.places > 0 and self.bytes >= size

    def take(self, size: int) -> None:
        """Take the room of a message."""
        self.places -= 1
        self.own += size
        self.of_account += size
        self.of_all += size


def all_waiting(tx: Tx) -> int:
    """Return how many bytes wait for all webhooks of the server."""
    size: int = tx.db.scalar(_ALL)
    return size


def to_wait(tx: Tx, id: int, of_all: int) -> Room:
    """Return the room for what is to wait for a webhook: none if it is disabled.

    Args:
        of_all: How many bytes wait for all webhooks of the server.
    """
    [(is_disabled, waiting, size, of_account)] = tx.db.rows(_WAITING, id=id)
    return Room(0 if is_disabled else MOST_WAITING - waiting, size, of_account, of_all)


def for_dead(tx: Tx, id: int) -> Room:
    """Return the room for all dead letters of a webhook."""
    [(of_account, of_all)] = tx.db.rows(_DEAD_OF_OTHERS, id=id)
    return Room(MOST_DEAD, 0, of_account, of_all)
