"""A stream of events as a browser reads it, by the rules of the HTML standard (section 9.2)."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

BEGIN = "begin"
"""The first event of a stream, which no page listens to."""


@dataclass(frozen=True)
class Event:
    """An event that a page would get."""

    kind: str
    id: str
    data: Any


class EventStream:
    """Reads events off an answer.

    Attributes:
        answer: Its status and headers.
        last_id: What a browser would send when it comes back.
        retry: How long it would wait before that, in milliseconds.
        comments: How many comments have come.
        has_begun: Whether an event has come.
    """

    def __init__(self, answer: httpx.Response) -> None:
        self.answer = answer
        self.last_id, self.retry, self.comments, self.has_begun = "", 0, 0, False
        self._events = self._read(_lines(answer))

    def next(self) -> Event:
        """The next event; StopIteration once the stream has ended."""
        return next(self._events)

    def texts(self, count: int) -> list[str]:
        """The next messages, which must be text."""
        return [self.next().data["item"]["value"]["text"] for _ in range(count)]

    def end(self) -> dict[str, Any]:
        """What the last event says, and that nothing follows it."""
        *_, last = self._events
        assert last.kind == "end"
        found: dict[str, Any] = last.data
        return found

    def _read(self, lines: Iterator[str]) -> Iterator[Event]:
        fields: dict[str, str] = {}
        for line in lines:
            name, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if line == "":
                # Firefox and Safari take the id of an event with data only.
                if "data" in fields:
                    self.last_id = fields.get("id", self.last_id)
                    kind = fields.get("event", "message")
                    event = Event(kind, self.last_id, json.loads(fields["data"]))
                    if kind != BEGIN:
                        yield event
                    self.has_begun = True
                fields = {}
            elif name == "":
                self.comments += 1
            elif name == "retry":
                self.retry = int(value)
            else:
                assert name in {"id", "event", "data"}, line
                assert name not in fields, "the data of an event is one line"
                fields[name] = value


def _lines(answer: httpx.Response) -> Iterator[str]:
    """The lines, which end as the server ends them: a message may have other line breaks."""
    rest = ""
    for text in answer.iter_text():
        *lines, rest = (rest + text).split("\n")
        yield from lines


@contextmanager
def events(web: httpx.Client, path: str, last_id: str = "", **params: Any) -> Iterator[EventStream]:
    """Open a stream as a browser does, with the id of the last event if it comes back."""
    headers = {"accept": "text/event-stream", "cache-control": "no-cache"}
    if last_id:
        headers["last-event-id"] = last_id
    with web.stream("GET", path, params=params, headers=headers) as answer:
        if answer.status_code != 200:
            answer.read()
        yield EventStream(answer)
