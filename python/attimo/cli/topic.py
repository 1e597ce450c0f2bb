"""attimo topic: publish messages, subscribe to them, and list topics."""

import os
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import click

from attimo.cli import inputs, subscription
from attimo.cli.command import Group, command
from attimo.cli.inputs import InputFile
from attimo.cli.options import Integer, argument, option
from attimo.cli.pages import gathered
from attimo.cli.progress import Progress
from attimo.cli.retrying import Retrying
from attimo.cli.sentences import Extent, noting
from attimo.cli.shapes import Answer, Column, Done, Listing, Shape, View, quoted
from attimo.cli.target import asks_topics
from attimo.cli.topic_client import Position, TopicClient

group = Group("topic", help="Topics: messages from publishers to all current subscribers.")

the_topic = argument("topic", "The topic.")


class _Place(click.ParamType[Position]):
    """A message by its page and number, as `PAGE-NUMBER`."""

    name = "page-number"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Position:
        """Read it, as the position after the message.

        Raises:
            click.BadParameter: It is none.
        """
        if isinstance(value, Position):
            return value
        page, dash, number = str(value).partition("-")
        if not (dash and page.isdecimal() and number.isdecimal() and int(page) > 0):
            self.fail(f"{str(value)[:60]!r} is not PAGE-NUMBER, such as 1796157762000000-12")
        return Position(int(number) + 1, int(page))


class _Events(Shape):
    """A line for each message; what was missed goes to standard error, and into the JSON."""

    has_wide = True

    def show_one(self, answer: Any, view: View) -> None:
        """Print an event."""
        if view.as_json or answer["event"] == "message":
            super().show_one(answer, view)
        else:
            print(f"attimo: {_missed(answer)}", file=sys.stderr)


EVENTS = _Events(
    Column("event", wide=True),
    Column("number", "number", wide=True),
    Column("page", "number", wide=True),
    Column("publisher", none="", wide=True),
    Column("value", "bytes", none=""),
    Column("after", "number", none="", wide=True),
)


@command(
    group,
    shape=Done(
        lambda told: (
            f"Published {told['published']:,} message{'s' * (told['published'] != 1)} to "
            f"{quoted(told['topic'])}."
        ),
        Column("topic"),
        Column("published", "number"),
        quiet=True,
    ),
    examples=[
        "attimo topic publish news 'Doors open at 9'",
        "printf 'one\\ntwo\\n' | attimo topic publish news --lines -",
    ],
)
@the_topic
@argument("message", "The message; `-` reads it from standard input.", required=False)
@option("--file", "-f", type=InputFile(), help="Read the message from a file.")
@option(
    "--lines",
    "source",
    metavar="FILE",
    type=InputFile(allow_dash=True),
    help="Publish each line of a file as a message, or `-` for standard input, as they come. Empty "
    "lines are skipped.",
)
@option("--binary", is_flag=True, help="Publish bytes even if they are text in UTF-8.")
@asks_topics
def publish(
    client: TopicClient,
    topic: str,
    message: str | None,
    file: Path | None,
    source: Path | None,
    binary: bool,
) -> dict[str, Any]:
    """Publish a message to all subscribers of a topic.

    It is text if it is UTF-8, otherwise bytes. With --lines, the command waits for a server that
    restarts; the line that was under way may then be published twice.
    """
    if sum(each is not None for each in (message, file, source)) != 1:
        raise click.UsageError("pass exactly one of a message, `-`, --file and --lines")
    if source is not None:
        return {"topic": topic, "published": _publish_lines(client, topic, source, binary)}
    client.publish(topic, _content(message, file), binary)
    return {"topic": topic, "published": 1}


def _content(message: str | None, file: Path | None) -> bytes:
    if file is not None:
        return inputs.content(file)
    return inputs.content("-") if message == "-" else os.fsencode(message or "")


def _publish_lines(client: TopicClient, topic: str, source: Path, is_binary: bool) -> int:
    """Publish the lines of a file one by one; return how many there were.

    Raises:
        AttimoError: One is refused; a note says which are published.
    """
    ask, published, extent = Retrying(), 0, Extent("line", "published")
    with Progress("messages published") as progress, noting(extent.note):
        for number, line in enumerate(inputs.lines(source), 1):
            message = line.removesuffix(b"\n").removesuffix(b"\r")
            if message:
                extent.sent = number
                ask(lambda: client.publish(topic, message, is_binary))  # noqa: B023
                published += 1
                progress.at(published)
            extent.sent = extent.done = number
    return published


@command(
    group,
    shape=EVENTS,
    examples=[
        "attimo topic subscribe news --count 1",
        "attimo topic subscribe news --all -n 1 --json",
    ],
)
@the_topic
@option("--all", "is_all", is_flag=True, help="Begin with the oldest message that the topic keeps.")
@option(
    "--after",
    type=_Place(),
    metavar="PAGE-NUMBER",
    help="Begin after this message: `page` and `number` of its JSON.",
)
@option("--count", "-n", type=Integer(min=1), help="End after this many messages.")
@asks_topics
def subscribe(
    client: TopicClient, topic: str, is_all: bool, after: Position | None, count: int | None
) -> Iterator[dict[str, Any]]:
    r"""Print messages as they come, each on a line, until Ctrl-C.

    The newest message that the topic keeps comes first. After a restart of the server or a cut of
    the network, the command goes on where it was; what was missed is told on standard error.

    What cannot be printed is escaped. With --json, each line is an object: of a message, with
    `value`, or `value_base64` if it is not text; of a `gap`, with the `number` of the next message,
    and in `after` that of the last one before the gap.
    """
    if is_all and after is not None:
        raise click.UsageError("pass --all or --after, not both")
    first = after or (subscription.FIRST if is_all else Position())
    return _first(subscription.events(client, topic, first), count)


LISTED = (
    Column("name"),
    Column("last", "number"),
    Column("page", "number", wide=True),
    Column("subscribers", "number"),
    Column("messages", "number"),
    Column("bytes", "number"),
)
PAGE = 1_000
"""How many topics are asked for at once."""


@command(
    group,
    name="list",
    shape=Listing(*LISTED),
    examples=["attimo topic list", "attimo topic list orders/ --limit 100 --json"],
)
@argument("prefix", "What their names start with. Default: all topics.", default="")
@option("--limit", "-n", type=Integer(min=1), help="List at most this many topics. Default: all.")
@option("--next", "token", help="Continue a list that was cut: `next` of its JSON.")
@asks_topics
def list_topics(client: TopicClient, prefix: str, limit: int | None, token: str | None) -> Answer:
    """List the topics of a cache, in the order of their names.

    `last` is the number of the newest message, and 0 if there is none yet; `messages` and `bytes`
    are those that the topic keeps now. A topic is there from its first use until ten minutes after
    its last.
    """
    listed, token = gathered(partial(client.topics, prefix), token, limit, PAGE)
    return Answer([_row(each) for each in listed], next=token)


def _row(topic: dict[str, Any]) -> dict[str, Any]:
    row = {"last": topic["last_topic_sequence"], "page": topic["sequence_page"]}
    return row | {name: topic[name] for name in ("name", "subscribers", "messages", "bytes")}


def _first(events: Iterator[dict[str, Any]], count: int | None) -> Iterator[dict[str, Any]]:
    """Events up to so many messages."""
    for each in events:
        yield each
        if count is not None and each["event"] == "message":
            count -= 1
            if count == 0:
                return


def _missed(gap: dict[str, Any]) -> str:
    first, last = gap["after"] + 1, gap["number"] - 1
    if gap["is_new_page"]:
        return (
            f"The topic has begun again, on page {gap['page']}: messages after number "
            f"{gap['after']:,} may be missed"
        )
    return (
        f"Missed message {first:,}" if first == last else f"Missed messages {first:,} to {last:,}"
    )
