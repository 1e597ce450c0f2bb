"""Momento's service for webhooks, as its client for Node.js calls it."""

from google.protobuf.message import Message

from attimo.api import webhook_messages as pb
from attimo.api.grpc_call import GrpcCall, Method
from attimo.control import webhooks

PAGE = 1_000
"""More than an account can have: there is no next page in this protocol."""


def _put(call: GrpcCall) -> Message:
    asked = call.read(pb._PutWebhookRequest()).webhook
    named, url = asked.webhook_id, asked.destination.post_url
    made = call.caller.perform(
        webhooks.put, named.cache_name, named.webhook_name, asked.topic_name, url
    )
    return _message(pb._PutWebhookResponse(secret_string=made.secret))


def _delete(call: GrpcCall) -> Message:
    named = call.read(pb._DeleteWebhookRequest()).webhook_id
    call.caller.perform(webhooks.delete, named.cache_name, named.webhook_name)
    return _message(pb._DeleteWebhookResponse())


def _list(call: GrpcCall) -> Message:
    cache = call.read(pb._ListWebhookRequest()).cache_name
    page = call.caller.perform(webhooks.list_page, PAGE, None, cache)
    reply = pb._ListWebhooksResponse()
    for found in page.items:
        reply.webhook.add(
            webhook_id=pb._WebhookId(cache_name=found.cache, webhook_name=found.name),
            topic_name=found.topic,
            destination=pb._WebhookDestination(post_url=found.url),
        )
    return _message(reply)


def _secret(call: GrpcCall) -> Message:
    asked = call.read(pb._GetWebhookSecretRequest())
    cache, name = asked.cache_name, asked.webhook_name
    secret = call.caller.perform(webhooks.secret, cache, name)
    reply = pb._GetWebhookSecretResponse(cache_name=cache, webhook_name=name, secret_string=secret)
    return _message(reply)


def _rotate(call: GrpcCall) -> Message:
    named = call.read(pb._RotateWebhookSecretRequest()).webhook_id
    made = call.caller.perform(webhooks.rotate, named.cache_name, named.webhook_name)
    return _message(pb._RotateWebhookSecretResponse(secret_string=made.secret))


def _message(made: Message) -> Message:
    """The classes are made at run time, so their type is known here only."""
    return made


METHODS: dict[str, Method] = {
    "/webhook.Webhook/PutWebhook": _put,
    "/webhook.Webhook/DeleteWebhook": _delete,
    "/webhook.Webhook/ListWebhooks": _list,
    "/webhook.Webhook/GetWebhookSecret": _secret,
    "/webhook.Webhook/RotateWebhookSecret": _rotate,
}
