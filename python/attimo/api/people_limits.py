"""The limits of people who sign up and in, as rows of the table of limits."""

from collections.abc import Mapping

from attimo.api import mail_limits, one_time, throttle
from attimo.api.breach import Breach, Unit, refused
from attimo.control import (
    invitations,
    passkeys,
    passwords,
    session_rows,
    sessions,
    sign_in_links,
    sign_ups,
    users,
)
from attimo.errors import (
    Busy,
    Exhausted,
    InvalidArgument,
    TooManyAttempts,
    TooMuchMail,
    Unauthenticated,
)

_INVALID, _EXHAUSTED = refused(InvalidArgument), refused(Exhausted)

ROWS: Mapping[str, tuple[int, Unit, str, Breach]] = {
    "email": (users.LONGEST_EMAIL, "characters", "An e-mail address.", _INVALID),
    "password": (passwords.LONGEST, "characters", "A password.", _INVALID),
    "shortest_password": (
        passwords.SHORTEST,
        "characters",
        "The minimum length of a password.",
        _INVALID,
    ),
    "open_invitations": (invitations.MOST, "count", "Open invitations of an account.", _EXHAUSTED),
    "invitation_life": (
        invitations.SECONDS,
        "seconds",
        "The lifetime of an invitation.",
        refused(Unauthenticated),
    ),
    "sign_up_life": (
        sign_ups.SECONDS,
        "seconds",
        "How long a sign-up waits until its address is confirmed.",
        refused(Unauthenticated),
    ),
    "open_sign_ups": (
        sign_ups.MOST,
        "count",
        "Sign-ups that wait for that.",
        Breach("the oldest one ends"),
    ),
    "sign_in_link_life": (
        sign_in_links.SECONDS,
        "seconds",
        "The lifetime of a link of `attimo console`.",
        refused(Unauthenticated),
    ),
    "open_sign_in_links": (
        sign_in_links.MOST,
        "count",
        "Links of `attimo console` that are not used yet.",
        Breach("the oldest one ends"),
    ),
    "sessions": (session_rows.MOST, "count", "Sessions of a user.", Breach("the oldest one ends")),
    "session_life": (
        sessions.SECONDS,
        "seconds",
        "The lifetime of a session.",
        refused(Unauthenticated),
    ),
    "attempts": (
        throttle.FREE,
        "count",
        "Failed sign-ins with one name from one address (one IPv6 /64) before each must wait.",
        refused(TooManyAttempts),
    ),
    "attempts_around": (
        throttle.FREE_AROUND,
        "count",
        "Failed sign-ins with one name from one IPv4 /24 or one IPv6 /48 before each must wait.",
        refused(TooManyAttempts),
    ),
    "attempts_of_name": (
        throttle.FREE_OF_NAME,
        "count",
        "Failed sign-ins with one name from all networks where that name never signed in.",
        refused(TooManyAttempts),
    ),
    "longest_wait": (
        throttle.LONGEST_PAUSE,
        "seconds",
        "The longest wait between two such attempts.",
        refused(TooManyAttempts),
    ),
    "attempts_per_address": (
        throttle.PER_MINUTE,
        "per minute",
        "Password attempts from one address (one IPv6 /64) with any names.",
        refused(TooManyAttempts),
    ),
    "mails_to_address_per_hour": (
        mail_limits.ADDRESS_HOUR,
        "per hour",
        "Invitations to one address, from all accounts together; password resets and sign-ups for "
        "it count separately.",
        refused(TooMuchMail),
    ),
    "mails_to_address_per_day": (
        mail_limits.ADDRESS_DAY,
        "per day",
        "Invitations to one address, password resets or sign-ups for it, per day.",
        refused(TooMuchMail),
    ),
    "invitations_per_hour": (
        mail_limits.ACCOUNT_HOUR,
        "per hour",
        "Invitations that an account sends.",
        refused(TooMuchMail),
    ),
    "invitations_per_day": (
        mail_limits.ACCOUNT_DAY,
        "per day",
        "Invitations that an account sends per day.",
        refused(TooMuchMail),
    ),
    "attempts_per_network": (
        throttle.PER_MINUTE_AROUND,
        "per minute",
        "Password attempts from one IPv4 /24 or one IPv6 /48 with any names.",
        refused(TooManyAttempts),
    ),
    "hashes_at_once": (
        passwords.AT_ONCE,
        "count",
        "Passwords hashed concurrently, 19 MiB each; one with less than 512 MiB of memory.",
        refused(Busy),
    ),
    "passkeys": (passkeys.MOST, "count", "Passkeys of a user.", _EXHAUSTED),
    "passkey_name": (passkeys.LONGEST_NAME, "characters", "A passkey's name.", _INVALID),
    "second_step": (
        one_time.SECONDS,
        "seconds",
        "The time for the code of a second factor after the password, and to use a passkey.",
        refused(Unauthenticated),
    ),
}
