"""A transaction as actions see it: a connection, a time, and the actor."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from attimo.control.actor import SYSTEM, Actor
from attimo.control.policy import Policy
from attimo.control.unwritten import Unwritten, Used
from attimo.store.connection import Connection


@dataclass(slots=True)
class Tx:
    """The first argument of every action.

    Attributes:
        db: The connection, with a transaction open.
        now: The time of the transaction, in seconds since 1970 (UTC).
        actor: Who acts; the server itself by default.
        policy: What the operator has decided about people who sign in.
        unwritten: How requests ended that is not in the database yet.
        revision: The directory's revision that this transaction writes; None if it has written
            nothing that nodes must know. Only `directory.touch` sets it.
        ended: How requests ended that the transaction records, with when; it is added to
            `unwritten` once the transaction is committed.
        action: The name of the current action; empty outside actions.
        entries: The number of audit entries written.
        accounted: The number of rows that actions have changed.
    """

    db: Connection
    now: int
    actor: Actor = field(default=SYSTEM)
    policy: Policy = field(default=Policy())
    unwritten: Unwritten = field(default_factory=Unwritten)
    revision: int | None = field(default=None)
    ended: list[tuple[Sequence[Used], int]] = field(default_factory=list, init=False)
    action: str = field(default="", init=False)
    entries: int = field(default=0, init=False)
    accounted: int = field(default=0, init=False)
