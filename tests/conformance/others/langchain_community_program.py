"""What langchain-community is told to do, in an environment of its own: a cache of answers."""

import os
from datetime import timedelta

from langchain_community.cache import MomentoCache
from langchain_community.chat_message_histories import MomentoChatMessageHistory
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.outputs import Generation
from momento import CacheClient, CredentialProvider
from momento.config import Configurations

credentials = CredentialProvider.from_string(os.environ["MOMENTO_API_KEY"])
client = CacheClient(Configurations.Laptop.v1(), credentials, timedelta(seconds=60))


def expect(said: object, wanted: object) -> None:
    """Fail with both, unless they are equal."""
    assert said == wanted, (said, wanted)


cache = MomentoCache(client, os.environ["CACHE"], ttl=timedelta(minutes=1))
answer = [Generation(text="42")]
expect(cache.lookup("question", "model"), None)
cache.update("question", "model", answer)
expect(cache.lookup("question", "model"), answer)
expect(cache.lookup("question", "another model"), None)

history = MomentoChatMessageHistory(
    "session", client, os.environ["CACHE"], ttl=timedelta(minutes=1)
)
expect(history.messages, [])
history.add_user_message("hello")
history.add_ai_message("good day")
expect(history.messages, [HumanMessage("hello"), AIMessage("good day")])
history.clear()
expect(history.messages, [])

# It makes a cache that is not there.
made = MomentoCache(client, os.environ["CACHE"] + "-made", ttl=timedelta(minutes=1))
expect(made.lookup("question", "model"), None)
made.clear()
print("done")
