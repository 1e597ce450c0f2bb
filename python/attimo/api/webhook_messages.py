"""The messages of Momento's service `webhook.Webhook`.

The published package of message types for Python does not have them; these are declared by the
numbers and types that Momento's client for Node.js sends and reads (`webhook.d.ts` in
`@gomomento/generated-types`).
"""

from typing import Any

from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass

_FIELDS: dict[str, tuple[str, ...]] = {
    "_WebhookId": ("cache_name", "webhook_name"),
    "_WebhookDestination": ("post_url",),
    "_Webhook": ("webhook_id:_WebhookId", "topic_name", "destination:_WebhookDestination"),
    "_PutWebhookRequest": ("webhook:_Webhook",),
    "_PutWebhookResponse": ("secret_string",),
    "_DeleteWebhookRequest": ("webhook_id:_WebhookId",),
    "_DeleteWebhookResponse": (),
    "_ListWebhookRequest": ("cache_name",),
    "_ListWebhooksResponse": ("webhook:_Webhook*",),
    "_GetWebhookSecretRequest": ("cache_name", "webhook_name"),
    "_GetWebhookSecretResponse": ("cache_name", "webhook_name", "secret_string"),
    "_RotateWebhookSecretRequest": ("webhook_id:_WebhookId",),
    "_RotateWebhookSecretResponse": ("secret_string",),
}
"""The fields of each message, numbered from 1: text, or a message after a colon; * is repeated."""


def _file() -> FileDescriptorProto:
    file = FileDescriptorProto(name="webhook.proto", package="webhook", syntax="proto3")
    for name, fields in _FIELDS.items():
        message = file.message_type.add(name=name)
        for number, field in enumerate(fields, 1):
            message.field.append(_field(number, field))
    return file


def _field(number: int, declared: str) -> FieldDescriptorProto:
    name, _, of = declared.partition(":")
    field = FieldDescriptorProto(name=name, number=number)
    field.label = FieldDescriptorProto.LABEL_OPTIONAL
    if of.endswith("*"):
        field.label = FieldDescriptorProto.LABEL_REPEATED
    field.type = FieldDescriptorProto.TYPE_MESSAGE if of else FieldDescriptorProto.TYPE_STRING
    if of:
        field.type_name = f".webhook.{of.rstrip('*')}"
    return field


_pool = DescriptorPool()
_pool.Add(_file())


def __getattr__(name: str) -> Any:
    """Return the class of a message."""
    if name not in _FIELDS:
        raise AttributeError(name)
    return GetMessageClass(_pool.FindMessageTypeByName(f"webhook.{name}"))
