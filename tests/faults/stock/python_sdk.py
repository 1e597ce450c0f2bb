"""Momento's Python SDK as its documentation shows it, at work until the standard input ends.

Each line of the input is answered with the number of requests made so far. Two programs in one: the
blocking client in threads, and the async one in tasks. What was answered otherwise than it should
be is printed as JSON at the end. An item that is gone is no failure.
"""

import asyncio
import json
import sys
import threading
from collections import Counter
from datetime import timedelta

from momento import CacheClient, CacheClientAsync, Configurations, CredentialProvider
from momento.responses import CacheGet, CacheSet, ListCaches

TTL = timedelta(minutes=1)
THREADS = 2
TASKS = 4
PAUSE_SECONDS = 0.002
CACHE = "default-cache"

done: Counter[str] = Counter()
failures: list[str] = []
ending = threading.Event()


def judge(kind: str, answer: object, *wanted: type) -> None:
    done[kind] += 1
    if not isinstance(answer, wanted):
        failures.append(f"{kind}: {answer}")


def blocking(client: CacheClient, name: str) -> None:
    while not ending.wait(PAUSE_SECONDS):
        judge("sync", client.set(CACHE, name, "v" * 300), CacheSet.Success)
        judge("sync", client.get(CACHE, name), CacheGet.Hit, CacheGet.Miss)


def controlling(client: CacheClient) -> None:
    while not ending.wait(0.02):
        judge("control", client.list_caches(), ListCaches.Success)


async def awaiting(client: CacheClientAsync, name: str) -> None:
    while not ending.is_set():
        await asyncio.sleep(PAUSE_SECONDS)
        judge("async", await client.set(CACHE, name, "v" * 300), CacheSet.Success)
        judge("async", await client.get(CACHE, name), CacheGet.Hit, CacheGet.Miss)


async def all_awaiting() -> None:
    credentials = CredentialProvider.from_environment_variables_v2()
    async with CacheClientAsync(Configurations.Laptop.v1(), credentials, TTL) as client:
        await asyncio.gather(*(awaiting(client, f"async-{number}") for number in range(TASKS)))


def main() -> None:
    credentials = CredentialProvider.from_environment_variables_v2()
    with CacheClient(Configurations.Laptop.v1(), credentials, TTL) as client:
        threads = [
            threading.Thread(target=blocking, args=(client, f"sync-{number}"))
            for number in range(THREADS)
        ]
        threads.append(threading.Thread(target=controlling, args=(client,)))
        threads.append(threading.Thread(target=lambda: asyncio.run(all_awaiting())))
        for thread in threads:
            thread.start()
        print("at work", flush=True)
        for _ in sys.stdin:
            print(done.total(), flush=True)
        ending.set()
        for thread in threads:
            thread.join()
    print(json.dumps({"done": done, "failures": failures[:50], "failed": len(failures)}))


main()
