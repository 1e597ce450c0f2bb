"""Messages from a terminal to another one, over restarts, cuts and gaps."""

import fcntl
import itertools
import json
import signal
import subprocess
import termios
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

import httpx
import pytest

from attimo.cli import exits, subscription
from attimo.cli.base_client import BaseClient
from attimo.cli.profiles import Profile
from attimo.cli.topic_client import LONGEST_NAME, Position, TopicClient
from e2e.terminal import Terminal
from faults.watching import eventually
from harness import Server, attimo
from road import Road

KEPT = 1_000


@pytest.fixture
def topic() -> str:
    """A topic that no other test has, with a name that a path must escape."""
    return f"news/{uuid.uuid4().hex} ü"


class Subscriber:
    """A command that prints messages until it is interrupted."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        assert process.stdout is not None
        assert process.stderr is not None
        self._out, self._err = process.stdout, process.stderr

    def line(self) -> str:
        """The next line of its output."""
        return self._out.readline().removesuffix("\n")

    def event(self) -> Any:
        """The next line as JSON."""
        return json.loads(self.line())

    def said(self) -> str:
        """The next line on its standard error."""
        return self._err.readline().removesuffix("\n")

    def end(self) -> int:
        """Wait for its end."""
        return self.process.wait(20)


def is_read(pipe: IO[str] | None) -> bool:
    """Whether its reader has taken all that was written to a pipe."""
    assert pipe is not None
    return fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)) == bytes(4)


@contextmanager
def subscribed(terminal: Terminal, topic: str, *more: str) -> Iterator[Subscriber]:
    with subprocess.Popen(
        [*attimo(), "topic", "subscribe", topic, *more],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=terminal.environment(),
    ) as process:
        try:
            yield Subscriber(process)
        finally:
            process.kill()


def test_a_message_is_a_line_until_ctrl_c(terminal: Terminal, topic: str) -> None:
    terminal.do("topic", "publish", topic, "before")
    with subscribed(terminal, topic) as reader:
        assert reader.line() == "before"
        for message in ("hello", "two\nlines", "-"):
            terminal.do("topic", "publish", topic, message, given=b"from a pipe")
        assert [reader.line() for _ in range(3)] == ["hello", r"two\nlines", "from a pipe"]
        reader.process.send_signal(signal.SIGINT)
        assert reader.end() == exits.INTERRUPTED
        assert (reader.said(), reader.said()) == ("", "attimo: Interrupted")


def test_a_message_in_json_is_exact_and_goes_on_where_a_program_was(
    terminal: Terminal, server: Server, topic: str
) -> None:
    lines = "one\n\ntwo\r\nthree"
    told = terminal.do("topic", "publish", topic, "--lines", "-", "--json", given=lines.encode())
    assert json.loads(told) == {"topic": topic, "published": 3}
    terminal.do("topic", "publish", topic, "-", given=b"\xff\0")
    terminal.do("topic", "publish", topic, "text", "--binary")

    words = ("topic", "subscribe", topic, "--json", "--count")
    first, *rest = terminal.do(*words, "5", "--all").splitlines()
    event = json.loads(first)
    number, page = event["number"], event["page"]
    assert event == {
        "event": "message",
        "number": 1,
        "page": page,
        "publisher": None,
        "value": "one",
        "after": None,
    }
    values = [json.loads(each) for each in rest]
    assert [each.get("value") for each in values] == ["two", "three", None, "text"]
    assert values[2]["value_base64"] == "/wA="
    after = f"{page}-{number}"
    assert terminal.do(*words, "1", "--after", after) == f"{rest[0]}\n"
    assert json.loads(terminal.do(*words, "1"))["value"] == "text", "the newest comes first"
    answer = httpx.get(
        f"{server.http}/topics/default-cache/{topic}",
        params={"sequence_number": 5},
        headers={"authorization": server.api_key},
    ).json()
    assert answer["items"][0]["item"]["value"] == {"binary": "dGV4dA=="}


def test_what_a_topic_does_not_keep_any_more_is_told(terminal: Terminal, topic: str) -> None:
    lines = "\n".join(map(str, range(1, KEPT + 101))).encode()
    terminal.do("topic", "publish", topic, "--lines", "-", given=lines)
    oldest = json.loads(terminal.do("topic", "subscribe", topic, "--all", "-n", "1", "--json"))
    assert (oldest["event"], oldest["value"]) == ("message", "101"), "nobody has missed the others"

    with subscribed(terminal, topic, "--after", f"{oldest['page']}-7") as reader:
        assert reader.said() == "attimo: Missed messages 8 to 100"
        assert reader.line() == "101"
    with subscribed(terminal, topic, "--after", f"{oldest['page']}-99", "--json") as reader:
        gap = reader.event()
        assert (gap["event"], gap["after"], gap["number"]) == ("gap", 99, 101)
        assert reader.event()["number"] == 101


def test_a_subscriber_and_a_publisher_go_on_after_a_restart_and_a_cut(
    stranger: Terminal, topic: str
) -> None:
    with Server() as server, Road(lambda: server.http_address) as road:
        stranger.variables |= {"ATTIMO_URL": road.url, "ATTIMO_TOKEN": server.api_key}
        publisher = subprocess.Popen(
            [*attimo(), "topic", "publish", topic, "--lines", "-"],
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=stranger.environment(),
        )
        with publisher, subscribed(stranger, topic) as reader:
            assert publisher.stdin is not None

            def type_in(text: str) -> None:
                assert publisher.stdin is not None
                publisher.stdin.write(text)
                publisher.stdin.flush()

            type_in("one\n")
            assert reader.line() == "one"
            # A message can be received before its publisher is answered, and one whose first
            # request fails gives up. It reads on once it is answered.
            type_in("tw")
            eventually(lambda: is_read(publisher.stdin), "the publisher reads on")
            road.cut()
            type_in("o\n")
            assert reader.line() == "two"
            server.stop()
            assert "trying again until Ctrl-C" in reader.said()
            type_in("three\n")
            server.start()
            assert reader.line() == "three"
            assert reader.said() == "attimo: The server answers again"
            begun = reader.said()
            assert begun.startswith("attimo: The topic has begun again, on page "), begun
            assert begun.endswith("messages after number 2 may be missed")
            publisher.stdin.close()
            assert publisher.wait(20) == 0
            assert publisher.stderr is not None
            assert publisher.stderr.read().count("The server answers again") in (1, 2)


def test_nothing_is_missed_between_the_first_two_polls_of_a_topic_without_messages(
    server: Server, topic: str
) -> None:
    class AtItsEnd(TopicClient):
        """Its first poll ends without a message, just before there are three."""

        is_first = True

        def poll(self, topic: str, at: Position) -> list[dict[str, Any]]:
            if not self.is_first:
                return super().poll(topic, at)
            self.is_first = False
            for message in (b"a", b"b", b"c"):
                self.publish(topic, message, is_binary=False)
            return []

    with BaseClient(Profile(server.http, server.api_key)) as base:
        events = subscription.events(AtItsEnd(base, "default-cache"), topic, Position())
        found = [each["value"] for each in itertools.islice(events, 3)]

    assert found == [b"a", b"b", b"c"]


def test_a_subscription_ends_with_its_cache_and_with_its_key(
    terminal: Terminal, topic: str
) -> None:
    terminal.do("cache", "create", "for-a-while")
    key = json.loads(terminal.do("key", "create", "--role", "viewer", "--json"))
    terminal.do("topic", "publish", topic, "a", "--cache", "for-a-while")
    terminal.do("topic", "publish", topic, "b")
    with (
        subscribed(terminal, topic, "--cache", "for-a-while") as of_cache,
        subscribed(terminal, topic, "--api-key", key["api_key"]) as of_key,
    ):
        assert (of_cache.line(), of_key.line()) == ("a", "b")
        terminal.do("cache", "delete", "for-a-while", "--yes")
        assert of_cache.end() == exits.NOT_FOUND
        terminal.do("key", "revoke", key["key_id"], "--yes")
        assert of_key.end() == exits.DENIED


def test_a_line_that_is_refused_says_which_were_published(terminal: Terminal, topic: str) -> None:
    lines = b"one\n" + b"x" * (2 << 20) + b"\nthree\n"
    answer = terminal.type("topic", "publish", topic, "--lines", "-", given=lines)

    assert answer.status == exits.FAILED
    assert "Published: line 1; refused: line 2" in answer.error


def test_a_name_that_no_topic_has_is_refused_in_one_line(terminal: Terminal) -> None:
    for name in ("", "x\udcff", "k" * (LONGEST_NAME + 1), "k" * 70_000):
        for words in (("publish", name, "a"), ("subscribe", name)):
            answer = terminal.type("topic", *words)
            assert (answer.status, answer.error.count("\n")) == (exits.USAGE, 1), answer
    for name in ("..", "größe\n", "k" * LONGEST_NAME):
        terminal.do("topic", "publish", name, "a")
        assert terminal.do("topic", "subscribe", name, "-n", "1") == "a\n"


def test_what_contradicts_itself_is_refused(terminal: Terminal) -> None:
    wrong = {
        words: terminal.type("topic", *words).status
        for words in (
            ("publish", "t"),
            ("publish", "t", "a", "--lines", "-"),
            ("subscribe", "t", "--all", "--after", "1-1"),
            ("subscribe", "t", "--after", "1"),
            ("subscribe", "t", "--after", "0-1"),
        )
    }
    assert set(wrong.values()) == {exits.USAGE}, wrong
