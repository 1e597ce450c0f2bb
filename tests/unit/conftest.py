"""A control plane on a new database, a node that listens, a clock that is set by hand."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.applications import Starlette

from attimo.api import create_app
from attimo.control import Control
from attimo.node.local import data_routes
from browsers import Browser, Post
from fakes import Client, Clock, Listener, new_control, swift_directory
from shop import Shop, opened
from stripe_server import StripeServer, stripe_server


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def node() -> Listener:
    return Listener()


@pytest.fixture
def home() -> Iterator[Path]:
    with swift_directory() as directory:
        yield directory


@pytest.fixture
def control(home: Path, node: Listener, clock: Clock) -> Iterator[Control]:
    control = new_control(home, node, clock)
    yield control
    control.database.close()


@pytest.fixture
def owner(control: Control) -> Client:
    app = create_app(control, "localhost:8443", data_routes=data_routes())
    return Client(app, account_id=1)


@pytest.fixture
def neighbour(owner: Client) -> Client:
    return Client(owner.app, account_id=2)


@pytest.fixture
def nobody(owner: Client) -> Client:
    return Client(owner.app, account_id=None)


@pytest.fixture
def post() -> Post:
    return Post()


@pytest.fixture
def app(control: Control, post: Post) -> Starlette:
    return create_app(control, "cache.example.com", "open", post.send)


@pytest.fixture
def browser(app: Starlette) -> Browser:
    return Browser(app)


@pytest.fixture
def ann(browser: Browser) -> Browser:
    """The owner of a new account, signed in."""
    browser.sign_up()
    return browser


@pytest.fixture(scope="module")
def serving() -> Iterator[StripeServer]:
    """A server that speaks as Stripe does."""
    with stripe_server() as server:
        yield server


@pytest.fixture
def shop(
    control: Control, owner: Client, node: Listener, clock: Clock, serving: StripeServer
) -> Shop:
    """A control plane that is paid by that server."""
    return opened(control, owner, node, clock, serving)
