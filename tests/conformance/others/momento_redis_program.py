"""What momento-redis is told to do, in an environment of its own: redis-py's methods, by name."""

import os
from datetime import timedelta

from momento import CacheClient, CredentialProvider
from momento.config import Configurations
from momento_redis import MomentoRedis

credentials = CredentialProvider.from_string(os.environ["MOMENTO_API_KEY"])
client = CacheClient(Configurations.Laptop.v1(), credentials, timedelta(seconds=60))
redis = MomentoRedis(client, os.environ["CACHE"])


def expect(said: object, wanted: object) -> None:
    """Fail with both, unless they are equal."""
    assert said == wanted, (said, wanted)


expect(redis.get("key"), None)
expect(redis.set("key", "value"), True)
expect(redis.get("key"), b"value")
expect(redis.set("key", "other", nx=True), False)
expect(redis.setnx("new", "value"), True)
expect(redis.setnx("new", "other"), False)
expect(redis.get("new"), b"value")
expect(redis.setex("brief", 30, "value"), True)
expect(redis.get("brief"), b"value")
expect([redis.incr("number"), redis.incrby("number", 5), redis.decr("number")], [1, 6, 5])
redis.delete("key", "new", "number")
expect([redis.get(key) for key in ("key", "new", "number")], [None, None, None])
print("done")
