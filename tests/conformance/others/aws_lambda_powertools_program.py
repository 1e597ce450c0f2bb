"""What AWS's Powertools are told to do, in an environment of their own: run a function once.

Their idempotency keeps what a call answered by redis-py's methods; here these are momento-redis's.
"""

import os
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from aws_lambda_powertools.utilities.idempotency import IdempotencyConfig, idempotent
from aws_lambda_powertools.utilities.idempotency.persistence.cache import CachePersistenceLayer
from momento import CacheClient, CredentialProvider
from momento.config import Configurations
from momento_redis import MomentoRedis

credentials = CredentialProvider.from_string(os.environ["MOMENTO_API_KEY"])
client = CacheClient(Configurations.Laptop.v1(), credentials, timedelta(seconds=60))
layer = CachePersistenceLayer(client=MomentoRedis(client, os.environ["CACHE"]))
config = IdempotencyConfig(event_key_jmespath="order", expires_after_seconds=60)
ran: list[dict[str, Any]] = []


def expect(said: object, wanted: object) -> None:
    """Fail with both, unless they are equal."""
    assert said == wanted, (said, wanted)


def counted(event: dict[str, Any], context: object) -> dict[str, int]:
    """Answer how often this has run."""
    ran.append(event)
    if event.get("fails"):
        raise ValueError("no")
    return {"runs": len(ran)}


handler = idempotent(persistence_store=layer, config=config)(counted)
lambda_context = SimpleNamespace(get_remaining_time_in_millis=lambda: 5000)
expect(handler({"order": 1}, lambda_context), {"runs": 1})
expect(handler({"order": 1}, lambda_context), {"runs": 1})
expect(handler({"order": 2}, lambda_context), {"runs": 2})

# What failed is forgotten, and may run again.
for runs in (3, 4):
    try:
        handler({"order": 3, "fails": True}, lambda_context)
    except ValueError:
        expect(len(ran), runs)
print("done")
