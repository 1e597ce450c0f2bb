"""The slow clients, who have a server of their own and begin before everything else."""

from collections.abc import Iterator

import pytest

from attacks.slow import SlowClients
from harness import Server


@pytest.fixture(scope="session")
def slow() -> Iterator[SlowClients]:
    """Clients that say or take too little; a minute passes until the last of them is known."""
    with Server() as server:
        clients = SlowClients(server)
        yield clients
        clients.end()


@pytest.fixture(scope="session", autouse=True)
def _slow_ones_first(request: pytest.FixtureRequest) -> None:
    """Let them wait while the other tests of this room run, if they are wanted at all."""
    if any("slow" in getattr(item, "fixturenames", ()) for item in request.session.items):
        request.getfixturevalue("slow")
