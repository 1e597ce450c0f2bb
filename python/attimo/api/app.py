"""The control app (ASGI), to which the data plane forwards control requests."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from types import MappingProxyType

from anyio.to_thread import current_default_thread_limiter
from starlette.applications import Starlette
from starlette.routing import Route

from attimo import mail
from attimo.api import (
    accounts,
    api_keys,
    audit,
    bills,
    budgets,
    cache_history,
    caches,
    certificates,
    docs,
    home,
    invitations,
    mail_limits,
    members,
    password,
    payments,
    plans,
    problems,
    roles,
    session,
    signing_keys,
    signup,
    tokens,
    usage,
    webhooks,
    whoami,
)
from attimo.api import (
    limits as limit_list,
)
from attimo.api.access_log import AccessLog
from attimo.api.certificates import Certificates
from attimo.api.grpc import GrpcHandler
from attimo.api.node_stats import StatsOf
from attimo.api.one_time import OneTime
from attimo.api.payments import Paying
from attimo.api.people import People, SignUp
from attimo.api.precedence import KnownFirst
from attimo.api.throttle import Throttle
from attimo.api.webhooks import Deliveries
from attimo.billing import card_file
from attimo.billing.card_file import Cards
from attimo.control import Control
from attimo.control.users import User
from attimo.mail import Send

HANDLERS = (
    cache_history,
    caches,
    webhooks,
    api_keys,
    roles,
    tokens,
    signing_keys,
    limit_list,
    usage,
    bills,
    budgets,
    payments,
    audit,
    signup,
    session,
    whoami,
    password,
    members,
    invitations,
    accounts,
    plans,
    certificates,
    docs,
    home,
)

OPERATIONS = tuple(operation for each in HANDLERS for operation in each.router.operations)

THREADS = 4
"""For database work: writers wait for one lock anyway, and threads cost memory."""


def create_app(
    control: Control,
    endpoint: str,
    sign_up: SignUp = "invite",
    send: Send = mail.to_nobody,
    limits: Mapping[str, int] = MappingProxyType({}),
    known: Certificates | None = None,
    data_routes: Mapping[str, Sequence[tuple[str, str]]] = MappingProxyType({}),
    stats_of: StatsOf = lambda _: None,
    cards: Cards | None = None,
    paying: Paying | None = None,
    pages: Sequence[Route] = (),
    deliveries: Deliveries | None = None,
    has_mail: bool = False,
) -> Starlette:
    """Create the app; database work runs in threads, never on the event loop.

    The API description is at /openapi.json, and for people at /docs.

    Args:
        control: The control plane.
        endpoint: The server's public name, with the port unless it is 443.
        sign_up: Who can create an account.
        send: Sends e-mail.
        limits: The limits of the data plane and of the settings, by name (see `limit_table`).
        known: The server's root certificate and ACME responses.
        data_routes: Method and path of the data plane's routes, by data method, for the
            description.
        stats_of: Returns the node's numbers of a cache.
        cards: The rate cards; by default, those that come with Attimo.
        paying: How the server is paid; None if it takes no payments.
        pages: The routes of the console.
        deliveries: What delivers to webhooks.
        has_mail: Whether `send` reaches people, so that who signs up can confirm the address.
    """
    routes = [Route(each.path, each, methods=[each.method]) for each in OPERATIONS]
    app = Starlette(routes=[*routes, *pages], lifespan=_few_threads)
    app.router.redirect_slashes = False
    app.state.description = docs.described(OPERATIONS, data_routes)
    app.state.control = control
    app.state.endpoint = endpoint
    app.state.limits = limits
    app.state.stats_of = stats_of
    app.state.cards = cards or card_file.load()
    app.state.paying = paying
    app.state.deliveries = deliveries or Deliveries()
    app.state.calls = Throttle(control.clock)
    app.state.certificates = known or Certificates()
    throttle, limited = Throttle(control.clock), mail_limits.of_trail(control)
    tickets = OneTime[User](control.clock)
    challenges = OneTime[tuple[bytes, int]](control.clock)
    app.state.people = People(
        sign_up, send, throttle, endpoint, limited, tickets, challenges, has_mail
    )
    problems.install(app)
    app.add_middleware(GrpcHandler, control=control, endpoint=endpoint)
    app.add_middleware(KnownFirst)
    app.add_middleware(AccessLog)
    return app


@asynccontextmanager
async def _few_threads(_: Starlette) -> AsyncIterator[None]:
    current_default_thread_limiter().total_tokens = THREADS
    yield
