"""attimo doctor: what is wrong between this machine and a server, and what to do about it."""

from collections.abc import Iterator
from typing import Any

from attimo.cli import complete, diagnosis, diagnosis_local, target
from attimo.cli.command import command
from attimo.cli.diagnosis import FAILURE, OK, WARNING, Finding
from attimo.cli.shapes import Answer, Column, Listing, View, page, printable
from attimo.cli.target import with_options
from attimo.errors import AttimoError

COLUMNS = (Column("check"), Column("result"), Column("found"), Column("advice", none=""))

_MARKS = {OK: "ok", WARNING: "warning", FAILURE: "FAILURE"}


class _Findings(Listing):
    """A line for each finding, and below it what to do."""

    def text(self, answer: Any, view: View) -> None:
        """Print the lines."""
        for each in page(answer)[0]:
            print(f"{_MARKS[each['result']]:8} {each['check']:12} {printable(each['found'])}")
            if each["advice"]:
                print(f"{'':21} {printable(each['advice'])}")


@command(
    shape=_Findings(*COLUMNS),
    examples=["attimo doctor", "attimo doctor --json"],
)
@with_options
def doctor(**words: Any) -> Answer:
    """Check the way to a server, and the server; each line is ok, a warning or a failure.

    Checks addresses, ports, certificates, clock, API key, gRPC and readiness, and, for a local
    server, its disk, its memory and whether that suffices. Exits with 1 if something fails,
    otherwise with 0.
    """
    found = [each.record() for each in _findings(words)]
    failed = any(each["result"] == FAILURE for each in found)
    return Answer(found, 1 if failed else 0)


def _findings(words: dict[str, Any]) -> Iterator[Finding]:
    try:
        choice = target.chosen(**{name: words[name] for name in complete.SERVER_OPTIONS})
    except AttimoError as error:
        yield Finding("server", FAILURE, str(error))
        return
    yield Finding("server", OK, f"{choice.server.url}, chosen by {choice.name}")
    running = choice.home.running() if choice.home else None
    has_grpc = running is None or diagnosis_local.has_grpc(running, choice.server.url)
    yield from diagnosis.of_server(choice, has_grpc)
    if choice.home is None:
        where = "memory, size and disk can be checked on the server's machine only"
        yield Finding("machine", OK, where)
    else:
        yield from diagnosis_local.of_home(choice.home, choice.server.url)
