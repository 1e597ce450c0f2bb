"""Creates the control app with what the server gives it; imported by the app's thread only."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from attimo.billing.card_file import Cards
from attimo.control import Control
from attimo.data_directory import Running, reachable
from attimo.mail import Send
from attimo.node import local
from attimo.node.local import LocalNode
from attimo.serve.addresses import http_at_endpoint
from attimo.serve.certificate import Keeper
from attimo.serve.payments import Seller
from attimo.serve.webhooks import Webhooks
from attimo.settings import Settings

if TYPE_CHECKING:
    from starlette.applications import Starlette

    from attimo.console.addresses import Addresses
    from attimo.console.health import Health


@dataclass(frozen=True, slots=True)
class Parts:
    """What works beside the app.

    Attributes:
        send: Sends e-mail.
        answers: The responses to an ACME authority's challenges, by token.
        keeper: What replaces the certificate, with TLS.
        seller: What tells the provider of payments, if there is one.
        webhooks: What delivers to webhooks.
    """

    send: Send
    answers: Mapping[str, str]
    keeper: Keeper | None
    seller: Seller | None
    webhooks: Webhooks | None


def make(
    control: Control,
    settings: Settings,
    running: Running,
    node: LocalNode,
    cards: Cards,
    parts: Parts,
    health: Callable[[], "Health"],
) -> "Starlette":
    """Import and create the app; `health` returns the state of the server, for its operators."""
    from attimo.api import create_app
    from attimo.api.certificates import Certificates
    from attimo.api.payments import Paying
    from attimo.api.webhooks import Deliveries
    from attimo.console import entry

    seller, webhooks = parts.seller, parts.webhooks
    currency, endpoint = cards.named(None).currency, running.endpoint
    given = {
        "memory": settings.memory,
        "item_bytes": settings.item_bytes,
        "element_bytes": settings.element_bytes,
        "topic_history_messages": settings.topic_history_messages,
        "topic_history_bytes": settings.topic_history_bytes,
    }
    root = partial(_root_in_use, parts.keeper)
    return create_app(
        control,
        endpoint,
        settings.signup,
        parts.send,
        given | local.limits(),
        Certificates(root, parts.answers),
        local.data_routes(),
        node.cache_stats,
        cards,
        Paying(seller.provider, seller.rule, currency, endpoint, seller.wake) if seller else None,
        entry.routes(_addresses(settings, running, root), health, node.connect),
        Deliveries(webhooks.wake, webhooks.test) if webhooks else None,
        settings.smtp is not None,
    )


def _addresses(
    settings: Settings, running: Running, root: Callable[[], Path | None]
) -> "Addresses":
    from attimo.console.addresses import Addresses

    return Addresses(
        http_at_endpoint(running),
        f"http://{reachable(running.http)}" if running.http else None,
        root,
    )


def _root_in_use(keeper: Keeper | None) -> Path | None:
    return keeper.used.root if keeper else None


def load() -> None:
    """Import what an open control plane needs, so that it opens without delay."""
    import uvicorn  # noqa: F401

    import attimo.api.app  # noqa: F401
