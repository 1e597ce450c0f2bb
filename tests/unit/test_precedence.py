"""Which requests the control plane carries out first."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from attimo.api.precedence import AT_ONCE, KnownFirst

KNOWN = {"attimo-account": "1"}
COOKIE = {"cookie": "attimo_session=s"}


@dataclass
class App:
    """Takes note of what begins, and ends nothing before it is told to."""

    began: list[str] = field(default_factory=list)
    may_end: dict[str, asyncio.Event] = field(default_factory=dict)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.began.append(scope["path"])
        await self.may_end.setdefault(scope["path"], asyncio.Event()).wait()

    def end(self, *paths: str) -> None:
        for path in paths:
            self.may_end.setdefault(path, asyncio.Event()).set()


class Asked:
    """Requests to an app behind `KnownFirst`."""

    def __init__(self, app: App) -> None:
        self._first = KnownFirst(app)
        self.tasks: list[asyncio.Task[None]] = []

    async def ask(self, path: str, headers: dict[str, str] | None = None) -> None:
        """Ask, and let everything go on that does not wait."""
        raw = [(name.encode(), value.encode()) for name, value in (headers or {}).items()]
        scope = {"type": "http", "path": path, "headers": raw}
        answer = self._first(scope, None, None)  # type: ignore[arg-type]
        self.tasks.append(asyncio.create_task(answer))
        await settle()


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


def run(scenario: Callable[[App, Asked], Awaitable[None]]) -> None:
    async def whole() -> None:
        app = App()
        asked = Asked(app)
        await scenario(app, asked)
        app.end(*app.began, "unknown", "later", "known")
        await asyncio.gather(*asked.tasks)

    asyncio.run(whole())


def test_an_unknown_caller_waits_for_the_known_ones() -> None:
    async def scenario(app: App, asked: Asked) -> None:
        await asked.ask("known", KNOWN)
        await asked.ask("unknown")
        await asked.ask("another", KNOWN)
        assert app.began == ["known", "another"]
        app.end("known")
        await settle()
        assert app.began == ["known", "another"]
        app.end("another")
        await settle()
        assert app.began == ["known", "another", "unknown"]

    run(scenario)


def test_known_callers_who_never_end_hold_nobody_up_for_long() -> None:
    async def scenario(app: App, asked: Asked) -> None:
        await asked.ask("known", KNOWN)
        await asked.ask("unknown")
        app.end("unknown")
        await asked.tasks[-1]
        assert app.began == ["known", "unknown"]

    run(scenario)


def test_few_unknown_callers_are_answered_at_once_and_sessions_apart() -> None:
    async def scenario(app: App, asked: Asked) -> None:
        for number in range(AT_ONCE + 1):
            await asked.ask(f"unknown-{number}")
        assert app.began == [f"unknown-{number}" for number in range(AT_ONCE)]
        await asked.ask("session", COOKIE)
        await asked.ask("known", KNOWN)
        assert app.began[AT_ONCE:] == ["session", "known"]
        app.end(*app.began)
        await settle()
        assert app.began[-1] == f"unknown-{AT_ONCE}"
        app.end(app.began[-1])

    run(scenario)
