"""Webhooks over HTTP (Momento has them over gRPC only: `webhook_service`)."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from attimo import names
from attimo.api.caller import Authenticated
from attimo.api.paging import MOST, Limit, NextToken
from attimo.api.parameters import Given
from attimo.api.routing import Router
from attimo.api.schemas import CACHE_NAME, Model, StrictModel, WholeNumber, number, text
from attimo.control import webhook_reports, webhooks
from attimo.control.webhook_queue import Attempt, Delivery
from attimo.control.webhook_reports import DeadLetter, Logged
from attimo.control.webhooks import Put, Webhook
from attimo.errors import StoreUnavailable

router = Router("/webhooks", "webhooks")

CacheName = Annotated[
    str, Field(description=f"The cache's name: {names.CACHE_RULE}.", json_schema_extra=CACHE_NAME)
]
WebhookName = Annotated[
    str,
    Field(
        description=f"The webhook's name: {webhooks.NAME_RULE}.",
        json_schema_extra={
            "pattern": f"^[!-.0-~](?:[ -.0-~]{{0,{webhooks.LONGEST_NAME - 2}}}[!-.0-~])?$",
            "not": {"enum": [".", ".."]},
        },
    ),
]
FirstMessage = Annotated[
    str | None,
    Field(
        description="The ID of a message: only that and those after it.",
        json_schema_extra={"pattern": r"^[0-9]{1,18}-[0-9]{1,18}$"},
    ),
]


def _no_test(_: Delivery) -> "Future[Attempt]":
    raise StoreUnavailable("This server delivers nothing")


@dataclass(frozen=True, slots=True)
class Deliveries:
    """What delivers.

    Attributes:
        wake: Looks for what is due now.
        test: Delivers a message that is in no queue.
    """

    wake: Callable[[], None] = lambda: None
    test: Callable[[Delivery], "Future[Attempt]"] = _no_test


async def _deliveries(request: Request) -> Deliveries:
    found: Deliveries = request.app.state.deliveries
    return found


OfServer = Annotated[Deliveries, Given(_deliveries)]


class PutWebhook(StrictModel):
    """Which messages go where."""

    topic: Annotated[
        str, text(webhooks.LONGEST_TOPIC, 1, "The topic, of at most 1,024 bytes in UTF-8.")
    ]
    url: Annotated[
        str,
        Field(
            description=f"Where messages are posted: {webhooks.URL_RULE}.",
            json_schema_extra={"maxLength": webhooks.LONGEST_URL, "pattern": "^https?://[!-~]+$"},
        ),
    ]


class RotateSecret(StrictModel):
    """How long the old secret stays valid."""

    keep_old_seconds: Annotated[
        WholeNumber,
        number(0, webhooks.MOST_KEEP_OLD_SECONDS, "How long the old secret signs, too."),
    ] = webhooks.KEEP_OLD_SECONDS


class WebhookInfo(Model):
    """A webhook; times in seconds since 1970.

    `state` is `active`; `open` after ten failures in a row, when a single attempt each time
    decides; or `disabled`, since the receiver answered 410. `waiting` messages are not delivered
    yet, `dead` ones were given up, `dropped` ones were not stored. Only the response that creates a
    secret has it.
    """

    cache: str
    name: str
    topic: str
    url: str
    state: str
    created_at: int
    waiting: int
    dead: int
    dropped: int
    failures: int
    next_attempt_at: float | None = None
    disabled_at: int | None = None
    old_secret_until: int | None = None
    secret: str | None = None


class WebhookPage(Model):
    """A page of webhooks; the last one has no `next_token`."""

    webhooks: list[WebhookInfo]
    next_token: str | None = None


class AttemptInfo(Model):
    """An attempt to deliver a message, or a test; `at` in seconds since 1970.

    Without a `status` there was no answer, and `error` says why.
    """

    at: float
    message: str
    attempt: int
    delivered: bool
    status: int | None = None
    error: str | None = None
    milliseconds: int


class AttemptPage(Model):
    """A page of attempts, the newest first; the last one has no `next_token`."""

    deliveries: list[AttemptInfo]
    next_token: str | None = None


class DeadLetterInfo(Model):
    """A message that was given up; times in seconds since 1970."""

    message: str
    topic: str
    published_at: float
    dead_at: float
    attempts: int
    reason: str


class DeadLetterPage(Model):
    """A page of messages, in their order; the last one has no `next_token`."""

    dead_letters: list[DeadLetterInfo]
    next_token: str | None = None


class Redelivered(Model):
    """How many messages are delivered once more."""

    messages: int


@router.get(operation_id="listWebhooks")
def list_page(
    caller: Authenticated,
    limit: Limit = MOST,
    next_token: NextToken = None,
    cache: Annotated[str | None, Field(description="Only those of this cache.")] = None,
) -> WebhookPage:
    """List the webhooks of the caches that the caller is allowed to read."""
    page = caller.perform(webhooks.list_page, limit, next_token, cache)
    return WebhookPage(webhooks=[_info(each) for each in page.items], next_token=page.next_token)


@router.put("/{cache}/{name}", operation_id="putWebhook", refuses=(404,))
def put(
    caller: Authenticated, cache: CacheName, name: WebhookName, body: PutWebhook
) -> WebhookInfo:
    """Create a webhook, or change its topic and URL; one that was disabled works again.

    Every message that is published to the topic from now on is posted to the URL. What waits goes
    to a new URL; a new topic deletes it, and the dead letters. The caller must be allowed to
    subscribe to the topic, and to the one that the webhook had. Only the response that creates the
    webhook has its `secret`.
    """
    made = caller.perform(webhooks.put, cache, name, body.topic, body.url)
    return _with_secret(made) if made.is_new else _info(made.webhook)


@router.get("/{cache}/{name}", operation_id="getWebhook", refuses=(404,))
def get(caller: Authenticated, cache: CacheName, name: WebhookName) -> WebhookInfo:
    """Show a webhook, and how its deliveries go."""
    return _info(caller.perform(webhooks.get, cache, name))


@router.delete("/{cache}/{name}", status=204, operation_id="deleteWebhook", refuses=(404,))
def delete(caller: Authenticated, cache: CacheName, name: WebhookName) -> None:
    """Delete a webhook, with what waits for it and its log."""
    caller.perform(webhooks.delete, cache, name)


@router.post("/{cache}/{name}/rotate-secret", operation_id="rotateWebhookSecret", refuses=(404,))
def rotate(
    caller: Authenticated, cache: CacheName, name: WebhookName, body: RotateSecret | None = None
) -> WebhookInfo:
    """Give a webhook a new secret, which only this response has.

    Until `old_secret_until`, `webhook-signature` has a signature by each of the two secrets;
    `momento-signature` is by the new one from now on.
    """
    asked = body or RotateSecret()
    return _with_secret(caller.perform(webhooks.rotate, cache, name, asked.keep_old_seconds))


@router.post("/{cache}/{name}/test", operation_id="testWebhook", refuses=(404,))
async def test(
    caller: Authenticated, cache: CacheName, name: WebhookName, deliveries: OfServer
) -> AttemptInfo:
    """Post a message to the webhook now, whatever waits, and show what became of it."""
    delivery = await run_in_threadpool(lambda: caller.perform(webhook_reports.to_test, cache, name))
    attempt = await asyncio.wrap_future(deliveries.test(delivery))
    return AttemptInfo(
        at=attempt.at / 1000,
        message="test",
        attempt=1,
        delivered=attempt.is_delivered,
        status=attempt.status,
        error=attempt.error or None,
        milliseconds=attempt.milliseconds,
    )


@router.get("/{cache}/{name}/deliveries", operation_id="listDeliveries", refuses=(404,))
def deliveries(
    caller: Authenticated,
    cache: CacheName,
    name: WebhookName,
    limit: Limit = MOST,
    next_token: NextToken = None,
) -> AttemptPage:
    """Show the newest attempts to deliver to a webhook; its log has the last 1,000."""
    page = caller.perform(webhook_reports.deliveries, cache, name, limit, next_token)
    return AttemptPage(
        deliveries=[_attempt(each) for each in page.items], next_token=page.next_token
    )


@router.get("/{cache}/{name}/dead-letters", operation_id="listDeadLetters", refuses=(404,))
def dead_letters(
    caller: Authenticated,
    cache: CacheName,
    name: WebhookName,
    limit: Limit = MOST,
    next_token: NextToken = None,
) -> DeadLetterPage:
    """List the messages that were given up: the newest 1,000, of at most 16 MiB together."""
    page = caller.perform(webhook_reports.dead_letters, cache, name, limit, next_token)
    found = [_dead(each) for each in page.items]
    return DeadLetterPage(dead_letters=found, next_token=page.next_token)


@router.post("/{cache}/{name}/redeliver", operation_id="redeliver", refuses=(404, 412))
def redeliver(
    caller: Authenticated,
    cache: CacheName,
    name: WebhookName,
    deliveries: OfServer,
    from_: FirstMessage = None,
) -> Redelivered:
    """Deliver what was given up once more, in its order and before what waits.

    Those that are older than a day are sent until one fails; then all are given up again.
    """
    messages = caller.perform(webhook_reports.redeliver, cache, name, from_)
    deliveries.wake()
    return Redelivered(messages=messages)


def _info(found: Webhook, secret: str | None = None) -> WebhookInfo:
    is_paused = found.failures > 0 and found.disabled_at is None
    return WebhookInfo(
        cache=found.cache,
        name=found.name,
        topic=found.topic,
        url=found.url,
        state=found.state,
        created_at=found.created_at,
        waiting=found.waiting,
        dead=found.dead,
        dropped=found.dropped,
        failures=found.failures,
        next_attempt_at=found.next_attempt_at / 1000 if is_paused else None,
        disabled_at=found.disabled_at,
        old_secret_until=found.old_secret_until,
        secret=secret,
    )


def _with_secret(made: Put) -> WebhookInfo:
    return _info(made.webhook, made.secret)


def _attempt(found: Logged) -> AttemptInfo:
    return AttemptInfo(
        at=found.at / 1000,
        message=found.message,
        attempt=found.attempt,
        delivered=found.is_delivered,
        status=found.status,
        error=found.error or None,
        milliseconds=found.milliseconds,
    )


def _dead(found: DeadLetter) -> DeadLetterInfo:
    return DeadLetterInfo(
        message=found.message,
        topic=found.topic,
        published_at=found.published_at / 1000,
        dead_at=found.dead_at / 1000,
        attempts=found.attempts,
        reason=found.reason,
    )
