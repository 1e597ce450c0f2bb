"""A transaction as the rules see it: a connection and one moment."""

from dataclasses import dataclass, field

from sqlalchemy import Connection


@dataclass(slots=True)
class Tx:
    """What every rule is given.

    Attributes:
        db: The connection, with a transaction open.
        now: The moment of the transaction, in seconds since 1970 (UTC).
        revision: The directory's revision that this transaction writes; None while it wrote nothing
            that nodes must know. Only `directory.touch` sets it.
    """

    db: Connection
    now: int
    revision: int | None = field(default=None)
