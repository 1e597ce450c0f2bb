"""How a command ends: its exit status, and the line that says what went wrong."""

import os
import sys

import click
from click.exceptions import NoArgsIsHelpError

from attimo.cli.sentences import joined
from attimo.cli.shapes import printable
from attimo.errors import (
    AttimoError,
    InvalidArgument,
    Misconfigured,
    NoSuchAccount,
    NoSuchCache,
    NoSuchInvitation,
    NoSuchKey,
    NoSuchMember,
    NoSuchRole,
    NoSuchSigningKey,
    NoSuchWebhook,
    NotFound,
    PermissionDenied,
    Unauthenticated,
    Unreachable,
)

OK = 0
MISS = 1
USAGE = 2
DENIED = 3
NOT_FOUND = 4
UNREACHABLE = 5
FAILED = 6
INTERRUPTED = 130

MEANINGS = {
    OK: "done; a hit",
    MISS: "a miss: the item, field or element does not exist; of `attimo doctor`, a failure",
    USAGE: "the command line, a profile or a setting is wrong",
    DENIED: "not permitted: no key, an invalid one, or one without the permission",
    NOT_FOUND: "what the command names does not exist: a cache, key, role, member or profile",
    UNREACHABLE: "the server cannot be reached, or cannot answer now",
    FAILED: "refused for another reason, which the message says: it exists already, has another "
    "type, exceeds a limit, was not confirmed",
    INTERRUPTED: "interrupted with Ctrl-C",
}
"""Every exit status, for the reference."""

_STATUSES: list[tuple[type[AttimoError], int]] = [
    (Unreachable, UNREACHABLE),
    (InvalidArgument, USAGE),
    (Misconfigured, USAGE),
    (Unauthenticated, DENIED),
    (PermissionDenied, DENIED),
    (NotFound, NOT_FOUND),
]

_LISTS: dict[str, str] = {
    NoSuchAccount.err: "attimo account list",
    NoSuchCache.err: "attimo cache list",
    NoSuchInvitation.err: "attimo member list",
    NoSuchKey.err: "attimo key list",
    NoSuchMember.err: "attimo member list",
    NoSuchRole.err: "attimo role list",
    NoSuchSigningKey.err: "attimo key signing",
    NoSuchWebhook.err: "attimo webhook list",
}
"""What lists the things of which there is none of that name, by the `err`."""


def status_of(error: BaseException) -> int:
    """The exit status for an error."""
    if isinstance(error, click.Abort | KeyboardInterrupt | EOFError):
        return INTERRUPTED
    if isinstance(error, click.ClickException):
        return USAGE
    return next((status for kind, status in _STATUSES if isinstance(error, kind)), FAILED)


def report(error: BaseException) -> None:
    """Print the one line about an error on standard error, without control characters.

    A group without a command is told all of its commands instead.
    """
    if isinstance(error, NoArgsIsHelpError):
        print(error.format_message(), file=sys.stderr)
        return
    print("attimo:", printable(" ".join(_line(error).split())), file=sys.stderr)


def _line(error: BaseException) -> str:
    """What went wrong, what was done before, and what is next."""
    habit = _habit(error)
    # Else it has options that are spelled alike.
    words = error.message if habit and isinstance(error, click.NoSuchOption) else _words(error)
    return joined(words, habit, *getattr(error, "__notes__", ()), _next(error))


def _habit(error: BaseException) -> str:
    """What works in place of an option or a word that people know from other programs."""
    if not isinstance(error, click.UsageError):
        return ""
    from attimo.cli import habits

    return habits.for_usage(error)


def _next(error: BaseException) -> str:
    if isinstance(error, click.UsageError):
        return f"See: {error.ctx.command_path if error.ctx else 'attimo'} --help"
    listed = _LISTS.get(error.err) if isinstance(error, AttimoError) else None
    return f"See: {listed}" if listed else ""


def _words(error: BaseException) -> str:
    if isinstance(error, click.Abort | KeyboardInterrupt | EOFError):
        return "Interrupted"
    if isinstance(error, click.ClickException):
        return error.format_message()
    if isinstance(error, OSError) and error.strerror:
        about = "" if error.filename is None else f"{os.fspath(error.filename)}: "
        return f"{about}{error.strerror}"
    return str(error)
