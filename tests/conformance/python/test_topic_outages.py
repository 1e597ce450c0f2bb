"""Topics by Momento's clients on a server that is cut off, restarted and taken keys from.

Their iterators do not tell that a subscription has ended; so the program is the one that
docs/how-to/topics.md gives, for both clients.
"""

import asyncio
import logging
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from momento import logs
from momento.errors import AuthenticationException, NotFoundException

from conformance.proxies.proxies import all_running, need_all
from conformance.python.clients import Kind, with_token
from conformance.python.topic_clients import Topics, connect
from conformance.stage import Stage

GUIDE = Path(__file__).parents[3] / "docs" / "how-to" / "topics.md"
CACHE = "default-cache"
KEPT = 1_000
MANY = 200
BYTES = bytes(range(256))
ASYNC = (
    ("import time", "import asyncio"),
    ("def messages", "async def messages"),
    ("for message in", "async for message in"),
    ("= client.subscribe", "= await client.subscribe"),
    ("time.sleep", "await asyncio.sleep"),
)


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with Stage() as stage:
        yield stage


@pytest.fixture(params=Kind, ids=str)
def kind(request: pytest.FixtureRequest) -> Kind:
    """Which of the clients."""
    kind: Kind = request.param
    return kind


@pytest.fixture
def topic(request: pytest.FixtureRequest) -> str:
    """A topic that no other test uses."""
    return str(request.node.name)


class Program:
    """The guide's, by a client of either kind that connects to a port."""

    def __init__(self, port: int, runner: asyncio.Runner, kind: Kind, key: str) -> None:
        self._runner, self._kind = runner, kind
        provider = with_token(("127.0.0.1", port), key)
        self._opened = connect(kind, provider, runner)
        self.topics: Topics = self._opened.__enter__()
        self._messages = messages_of(kind)

    def listen(self, topic: str, cache: str = CACHE) -> Callable[[], Any]:
        """Call this for each message and gap."""
        found = self._messages(self.topics.client, cache, topic)
        if self._kind is Kind.SYNC:
            return lambda: next(found)
        return lambda: self._runner.run(anext(found))

    def close(self) -> None:
        """End the client."""
        self._opened.__exit__(None, None, None)


def messages_of(kind: Kind) -> Callable[..., Any]:
    """What the guide says, and for the async client what its last sentence makes of that."""
    blocks = re.findall(r"```python\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    (code,) = [block for block in blocks if "def messages" in block]
    for one, other in ASYNC if kind is Kind.ASYNC else ():
        assert one in code
        code = code.replace(one, other)
    within: dict[str, Any] = {}
    exec(code, within)  # noqa: S102  (it is what people copy)
    found: Callable[..., Any] = within["messages"]
    return found


@pytest.fixture
def program(stage: Stage, runner: asyncio.Runner, kind: Kind) -> Iterator[Program]:
    """With the owner's key."""
    program = Program(stage.road.port, runner, kind, stage.server.api_key)
    yield program
    program.close()


def texts(take: Callable[[], Any], count: int) -> list[str]:
    """The next messages, with no gap between."""
    return [take().item.value.text for _ in range(count)]


def numbers(first: int, last: int) -> list[str]:
    return [str(number) for number in range(first, last + 1)]


def test_who_is_cut_off_misses_nothing_that_is_kept_and_is_told_the_rest(
    stage: Stage, program: Program, topic: str
) -> None:
    few, many = f"{topic} few", f"{topic} many"
    for each in (few, many):
        program.topics.publish(CACHE, each, "first")
    of_few, of_many = program.listen(few), program.listen(many)
    assert (texts(of_few, 1), texts(of_many, 1)) == (["first"], ["first"])

    stage.block()
    stage.publish(CACHE, few, "5")
    stage.publish(CACHE, many, str(KEPT + 100))
    stage.unblock()

    assert texts(of_few, 5) == numbers(1, 5)
    gap = of_many().discontinuity
    assert (gap.last_topic_sequence, gap.new_topic_sequence) == (1, 101)
    assert texts(of_many, KEPT) == numbers(101, KEPT + 100)


def test_a_restart_of_the_server_is_told_and_what_follows_it_comes(
    stage: Stage, program: Program, topic: str
) -> None:
    program.topics.publish(CACHE, topic, "before")
    take = program.listen(topic)
    before = take().item

    stage.restart()
    stage.publish(CACHE, topic, "3")

    gap = take().discontinuity
    assert (gap.last_topic_sequence, gap.new_topic_sequence) == (1, 0)
    assert gap.new_sequence_page > before.sequence_page
    assert texts(take, 3) == numbers(1, 3)


@pytest.fixture
def proxied(
    stage: Stage, runner: asyncio.Runner, kind: Kind, tmp_path: Path
) -> Iterator[dict[str, Program]]:
    """A program behind each proxy."""
    need_all()
    with ExitStack() as stack:
        proxies = stack.enter_context(all_running(stage.road.port, tmp_path))
        key = stage.server.api_key
        programs = {each.name: Program(each.plain_port, runner, kind, key) for each in proxies}
        for each in programs.values():
            stack.callback(each.close)
        yield programs


def test_behind_proxies_messages_come_in_order_and_a_restart_is_told(
    stage: Stage, proxied: dict[str, Program], topic: str
) -> None:
    takes = {}
    for name, program in proxied.items():
        program.topics.publish(CACHE, f"{topic} {name}", "0")
        takes[name] = take = program.listen(f"{topic} {name}")
        assert texts(take, 1) == ["0"], name
        for number in numbers(1, MANY):
            program.topics.publish(CACHE, f"{topic} {name}", number)
        program.topics.publish(CACHE, f"{topic} {name}", BYTES)
        assert texts(take, MANY) == numbers(1, MANY), name
        assert take().item.value.binary == BYTES, name

    stage.restart()

    for name, take in takes.items():
        stage.publish(CACHE, f"{topic} {name}", "3")
        gap = take().discontinuity
        assert (gap.last_topic_sequence, gap.new_topic_sequence) == (MANY + 2, 0), name
        assert texts(take, 3) == numbers(1, 3), name


def test_a_deleted_cache_and_a_revoked_key_end_subscriptions(
    stage: Stage, runner: asyncio.Runner, kind: Kind, program: Program, topic: str
) -> None:
    web = httpx.Client(base_url=stage.server.http)
    web.headers["authorization"] = stage.server.api_key
    cache = f"gone-{kind}"
    web.put(f"/caches/{cache}").raise_for_status()
    stage.publish(cache, topic, "1")
    take = program.listen(topic, cache)
    assert texts(take, 1) == ["1"]
    web.delete(f"/caches/{cache}").raise_for_status()
    with pytest.raises(NotFoundException):
        take()

    reader = Program(stage.road.port, runner, kind, stage.key())
    stage.publish(CACHE, topic, "1")
    take = reader.listen(topic)
    assert texts(take, 1) == ["1"]
    stage.revoke()
    with pytest.raises(AuthenticationException):
        take()
    reader.close()
    web.close()


class Weary(logging.Handler):
    """Ends what says the same again and again."""

    def __init__(self, words: str, patience: int) -> None:
        super().__init__(logging.DEBUG)
        self._words, self._left = words, patience

    def emit(self, record: logging.LogRecord) -> None:
        self._left -= self._words in record.getMessage()
        if self._left <= 0:
            raise StillTryingError


class StillTryingError(Exception):
    """It has tried often enough."""


@contextmanager
def weary_of(words: str) -> Iterator[None]:
    """Raise StillTryingError after a hundred lines with these words in the client's log."""
    handler, level = Weary(words, 100), logs.logger.level
    logs.logger.addHandler(handler)
    logs.logger.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        logs.logger.removeHandler(handler)
        logs.logger.setLevel(level)


def test_its_own_iterator_reads_on_for_ever(stage: Stage, program: Program, topic: str) -> None:
    """Whence the program of the guide: only the client's log says that nothing comes any more."""
    program.topics.publish(CACHE, topic, "first")
    subscription = program.topics.subscribe(CACHE, topic)
    assert subscription.take() == "first"

    stage.restart()

    with weary_of("Error reading from client stream"), pytest.raises(StillTryingError):
        subscription.take()
    subscription.end()
