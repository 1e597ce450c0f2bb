"""A transaction as the rules see it: a connection, one moment, and who acts."""

from dataclasses import dataclass, field

from attimo.control.actor import SYSTEM, Actor
from attimo.store.connection import Connection


@dataclass(slots=True)
class Tx:
    """What every rule is given.

    Attributes:
        db: The connection, with a transaction open.
        now: The moment of the transaction, in seconds since 1970 (UTC).
        actor: Who acts; the server itself by default.
        revision: The directory's revision that this transaction writes; None while it wrote nothing
            that nodes must know. Only `directory.touch` sets it.
        action: The name of the innermost action that runs; empty outside actions.
        entries: How many audit entries were written.
        accounted: How many changed rows are those of actions.
    """

    db: Connection
    now: int
    actor: Actor = field(default=SYSTEM)
    revision: int | None = field(default=None)
    action: str = field(default="", init=False)
    entries: int = field(default=0, init=False)
    accounted: int = field(default=0, init=False)
