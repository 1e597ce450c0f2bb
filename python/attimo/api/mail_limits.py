"""Limits on e-mail to an address, and by an account, per hour and per day.

Invitations, resets and sign-ups are counted separately, so that inviting an address cannot block
its resets.
`ann+shop@example.com` counts as `ann@example.com`, which is the same mailbox with most providers.
Counts are in memory, within bounds. After a restart, invitations are counted again from the audit
log; resets and sign-ups, which unauthenticated clients request, are not.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from attimo.control import Control, invitations, users
from attimo.errors import TooMuchMail

HOUR = 60 * 60
DAY = 24 * HOUR
ADDRESS_HOUR, ADDRESS_DAY = 5, 10
"""Invitations, resets, and sign-ups, for one address."""
ACCOUNT_HOUR, ACCOUNT_DAY = 50, 200
"""Invitations by one account."""
MOST_SOURCES = 10_000

_OF_ADDRESS = {HOUR: ADDRESS_HOUR, DAY: ADDRESS_DAY}
_OF_ACCOUNT = {HOUR: ACCOUNT_HOUR, DAY: ACCOUNT_DAY}


@dataclass(slots=True)
class MailLimits:
    """Counts e-mail before it is sent; `clock` returns the seconds since 1970."""

    clock: Callable[[], int]
    _addresses: "_Windows" = field(default_factory=lambda: _Windows(_OF_ADDRESS), init=False)
    _accounts: "_Windows" = field(default_factory=lambda: _Windows(_OF_ACCOUNT), init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def invite(self, account_id: int, email: str) -> None:
        """Count an invitation.

        Raises:
            TooMuchMail: The limit of the account or of the address is reached.
        """
        now, address = self.clock(), f"invitation {_mailbox(email)}"
        with self._lock:
            self._accounts.check(str(account_id), "An account sends", now)
            self._addresses.check(address, "An address gets", now)
            self._accounts.count(str(account_id), now)
            self._addresses.count(address, now)

    def remember(self, account_id: int, email: str, at: int) -> None:
        """Count an invitation that was sent earlier."""
        with self._lock:
            self._accounts.count(str(account_id), at)
            self._addresses.count(f"invitation {_mailbox(email)}", at)

    def reset(self, email: str) -> None:
        """Count a token for a forgotten password, whether or not there is such a user.

        Raises:
            TooMuchMail: The limit of the address is reached.
        """
        self._by_stranger(f"reset {_mailbox(email)}")

    def sign_up(self, email: str) -> None:
        """Count a token to confirm an address, whether or not there is such a user.

        Raises:
            TooMuchMail: The limit of the address is reached.
        """
        self._by_stranger(f"sign-up {_mailbox(email)}")

    def _by_stranger(self, address: str) -> None:
        now = self.clock()
        with self._lock:
            self._addresses.check(address, "An address gets", now)
            self._addresses.count(address, now)


def of_trail(control: Control) -> MailLimits:
    """Return the limits at start-up, with the invitations of the last day."""
    limits = MailLimits(control.clock)
    with control.read() as tx:
        for account_id, email, at in invitations.sent_after(tx, tx.now - DAY):
            limits.remember(account_id, email, at)
    return limits


@dataclass(slots=True)
class _Windows:
    """The times of each source within the longest window.

    `most` is the limit of each window, by its length in seconds.
    """

    most: Mapping[int, int]
    _sent: OrderedDict[str, list[int]] = field(default_factory=OrderedDict, init=False)

    def check(self, source: str, who: str, now: int) -> None:
        for window, most in self.most.items():
            recent = [at for at in self._sent.get(source, ()) if at > now - window]
            if len(recent) >= most:
                span = "an hour" if window == HOUR else "a day"
                raise TooMuchMail(f"{who} at most {most} {span}", recent[-most] + window - now)

    def count(self, source: str, now: int) -> None:
        longest = max(self.most)
        kept = [at for at in self._sent.pop(source, ()) if at > now - longest]
        self._sent[source] = [*kept, now]
        if len(self._sent) > MOST_SOURCES:
            self._sent.popitem(last=False)


def _mailbox(email: str) -> str:
    """Return a digest of the mailbox: text from unauthenticated clients is not stored as it is."""
    name, at, domain = email.strip().lower().rpartition("@")
    return users.digest(name.partition("+")[0] + at + domain).hex()
