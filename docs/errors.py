"""The reference of errors, from the causes that the data plane and the control plane declare."""

from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus

from attimo.api.grpc import NUMBERS
from attimo.errors import AttimoError, Misconfigured, Unreachable
from attimo.node import local

NOT_OF_REQUESTS = (Misconfigured, Unreachable)
INTRODUCTION = """\
An error over HTTP is JSON. `code` is the kind of error, `err` its cause, and `message` says more
in words. This page lists every `err`. Over gRPC, the status has the same code; the trailer `err`
is sent only for limits that Momento's clients know, and for a suspended account.

The command line prints the message and turns the kind into an
[exit status](cli.md)."""


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a request fails; the fields are those of `local.causes()`."""

    err: str
    status: int
    code: str
    grpc: int
    meaning: str
    remedy: str


def causes() -> dict[str, Cause]:
    """Every cause by its `err`, in alphabetical order; the data plane's words come first."""
    found = [*_of_control(), *(Cause(*row) for row in local.causes())]
    return {cause.err: cause for cause in sorted(found, key=lambda cause: cause.err)}


def _of_control() -> Iterator[Cause]:
    for kind in kinds(AttimoError):
        meaning = (kind.__doc__ or "").split("\n\n")[0].replace("\n   ", "").strip()
        number = NUMBERS[kind.code]
        yield Cause(kind.err, kind.status, kind.code, number, meaning, kind.remedy)


def kinds(root: type[AttimoError]) -> Iterator[type[AttimoError]]:
    """The classes of errors of requests, below `root` and including it; not `AttimoError` itself,
    whose cause the data plane has, too."""
    if root in NOT_OF_REQUESTS:
        return
    if root is not AttimoError:
        yield root
    for kind in root.__subclasses__():
        yield from kinds(kind)


def lines(note: str) -> Iterator[str]:
    """The page."""
    yield from ("# Errors", "", note, "", INTRODUCTION, "")
    yield "| `err` | status | `code` | gRPC |"
    yield "|---|---|---|---|"
    for each in causes().values():
        yield f"| [`{each.err}`](#{each.err}) | {each.status} | `{each.code}` | {each.grpc} |"
    for each in causes().values():
        yield from ("", f"## {each.err}", "")
        yield f"{each.meaning} (HTTP {each.status} {HTTPStatus(each.status).phrase})"
        yield ""
        yield f"**What to do:** {each.remedy}"
