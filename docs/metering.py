"""The page about metering: its rules, and what follows from the server's own lists."""

from collections.abc import Iterator

from attimo.control.totals import MEANINGS, STORED
from attimo.node.local import Method, methods

INTRODUCTION = """\
Every request to the data plane is counted by cache, API key and method, in the same way for
every protocol. `GET /usage` and `attimo usage` show the totals;
[bills](../how-to/plans-and-bills.md) price them."""

MEANINGS_HERE = {
    "requests": "Requests, failed ones included.",
    "errors": "Requests that failed.",
    "hits": "Items, fields, elements and IDs that a read looked up and that exist.",
    "misses": "Those that do not.",
    "bytes_in": "Bytes of the keys, fields, elements, values, scores and messages that the client "
    "sent, and of the expected value or hash of a conditional write.",
    "bytes_out": "Bytes of the fields, elements, values and scores that were found and sent in the "
    "response, of listed keys, and of messages that were delivered.",
    "kib_in": "`bytes_in`, each request rounded up to whole KiB.",
    "kib_out": "`bytes_out`, each request rounded up to whole KiB.",
    "commands": "[Commands](#commands), as Upstash sells them.",
    "operations": "[Operations](#operations), as Momento counts them.",
    "ecpu_thousandths": "Thousandths of an [ECPU](#ecpu), as ElastiCache sells them.",
    "evicted": "Items removed before they expired because memory was full.",
    "stored_byte_minutes": "Bytes of keys and values, times the minutes for which they were "
    "[stored](#stored-data).",
    "stored_byte_minutes_with_overhead": "The same with the memory that items take beside keys and "
    "values.",
}
"""What each count means, with more words than the API description has."""

BEFORE_METHODS = """\
## How long usage is kept

By the minute 35 days, by the hour 400 days, by the day for ever; `--keep-usage-minutes` and
`--keep-usage-hours` change it. Sums are the same in all three: a request counts in its minute,
its hour and its day at once, so no total changes when minutes are deleted.

A question about older minutes is answered by the hour, and about older hours by the day. The
answer of `GET /usage` says so: `since` and `until` are rounded outwards to what is kept of their
time, `hours_before` and `days_before` say before which moments that is, and a `minute` before
them is the first one of its hour or day. Bills need days only, so they do not change either.

The latency and errors of caches (`GET /caches/{name}/history`) are kept by the minute and the
hour, as long as usage is, but not more than 1 GB of minutes and 1 GB of hours: the oldest go
first. Those of the last minute are lost if a server is killed.

Stored data is known by the hour, for ever: it counts in the first minute of its hour.

What is longer ago than that is deleted one or two days later, so that a wrong clock costs
nothing: it must be that old by a clock that has been right for a day. A larger value of the
settings brings nothing back.

## Bytes, hits and misses

* Keys, fields, elements and values count with their length. A score counts 8 bytes, a
  leaderboard ID 4, the amount of an increment 8. Cache names, tokens, headers, TTLs, ranges and
  protocol framing do not count. An encoding adds nothing: base64 in JSON counts the bytes that
  it encodes.
* A read looks up each key, field, element or ID that it names, once each. Three fields of which
  two exist are two hits and one miss; three fields of a dictionary that does not exist are three
  misses. A read of a whole collection, of a part of it, or of its length looks up one item. An
  empty part of a list that exists is a hit.
* Writes look up nothing, whatever they answer. A write that returns what it removes
  (`ListPopFront`, `ListPopBack`, `SetPop`) counts what it returns like a read.
* A sorted set counts the score of each member that it returns, whether or not the client asked
  for scores.
* The server reads the sources of `SortedSetUnionStore`, but does not send them: their names
  count as received, and nothing counts as found.
* A listing (`ListKeys`, `ListTopics`) counts the prefix as received, and the keys or the names of
  its page as sent. The types, sizes and TTLs that `details` adds do not count. It looks up nothing,
  so it has neither hits nor misses.
* A message to a topic counts as received when it is published, under `Publish`, and as sent each
  time that it is delivered, under `Subscribe` and the key of the subscriber. It looks up nothing.
  The names of their topics do not count, nor do heartbeats and what says which messages are
  missed. A subscription is one request, however long it is.
* What is found but not sent counts as a hit with zero bytes, and for no operation: with `HEAD`,
  304 and 412. A range request counts the bytes of the ranges.
* A failed request counts what it sent, and nothing as found: a value that is too large or would
  live too long, an increment of what is no number, a read whose response would have been too
  long. A batch that fails counts its items until the one that is the reason.
* What is refused before that counts no bytes, and one operation and ECPU: a request without
  permission, to a cache that does not exist, or that cannot be read. A request over
  [a rate of its account](../explanation/limits.md#rates) counts as a request and an error only.
* A batch counts as one request, with the totals of its items.

## Commands

A request is one command. `GetBatch`, `SetBatch`, `KeysExist` and `Delete` are one for each key,
but at least one; if a batch fails, those until the failure count.

## Operations

A request costs the sum, over each item or element that it sends and that it gets, of its bytes
divided by 1,024 and rounded up, times the factor of the method (see [below](#methods)), and at
least one. So a `Get` of an item of 3,000 bytes is 4: one for the key, three for the value. If it
misses, it is 1.

* A single value counts together with its key, and with the expected value or hash of a
  conditional write; the amount of an increment counts with its key.
* A field counts together with its value or amount, a member of a sorted set with its score, a
  leaderboard's ID with its score. Each other element, field, value or ID counts by itself.
* The name of a collection counts only if nothing else is sent. So does the prefix of a listing,
  whose keys count one by one. Each source of `SortedSetUnionStore` counts, too.
* Each item of a batch counts as if it were sent alone; the factor is that of the batch.
* A message to a topic is its bytes divided by 1,024 and rounded up, at least one: once when it is
  published, and once each time that it is delivered. To 9 subscribers, a message of 100 bytes is
  10 operations.
* What has no bytes counts nothing: an empty value, or an answer that is a number. Half of an odd
  sum is rounded up.

This is Momento's published rule of January 2025, with its factor of 2 for conditional writes.
For leaderboards it is Momento's rule of half an operation for each element. A read concern
changes nothing: every read is consistent, and none costs more for it.

## ECPU

A request costs its `bytes_in` and `bytes_out` in KiB, rounded to a thousandth, but at least one
ECPU for each of its commands. ElastiCache also takes the processor time of a request relative to
that of a `GET`, if that is more; it publishes no times, so a request has one for each command
here.

## Stored data

What each cache stores is sampled whenever usage is collected (`--collect-seconds`), and at least
every ten seconds, times the time since the sample before, with items that have expired but are not
removed yet. Keys, fields, elements, values and scores count with their length; with overhead, it is
the memory that items take (see [memory](../explanation/memory.md)). The key is `server` and the
method `Store`, as evictions are `Evict`.

Messages that [topics keep](../explanation/topics.md#what-a-topic-keeps) are not stored data. The
server keeps them so that subscribers can come back, with or without subscribers, and nobody can ask
for more or for longer: most live a minute. Publishing and deliveries are metered. Kept messages are
counted in the memory budget, go before items do, and do not count towards `stored_bytes` of a plan.

A server that is stopped loses nothing of it. A killed one loses what it stored since usage was last
recorded, some five seconds with the default `--collect-seconds`. While no server runs, nothing
counts.

## Methods

What a request looks up, and the factor of its operations."""

_LOOKUPS = {
    "nothing": "nothing",
    "item": "one item",
    "named": "each one named",
    "removed": "what it removes",
    "listed": "nothing",
    "delivered": "nothing",
}
_FACTORS = {1: "½", 2: "1", 4: "2"}


def lines(note: str) -> Iterator[str]:
    """The page, line by line."""
    yield from ("# What a request counts for", "", note, "", *INTRODUCTION.splitlines(), "")
    yield "| count | meaning |"
    yield "|---|---|"
    yield from (f"| `{name}` | {MEANINGS_HERE[name]} |" for name in MEANINGS)
    yield ""
    of_caches = ", ".join(f"`{name}`" for name in STORED)
    yield f"`evicted`, {of_caches} are of caches, and of no key."
    yield from ("", *BEFORE_METHODS.splitlines(), "")
    yield "| method | looks for | factor |"
    yield "|---|---|---|"
    yield from map(_row, methods())


def _row(method: Method) -> str:
    return f"| `{method.name}` | {_LOOKUPS[method.lookups]} | {_FACTORS[method.factor_in_halves]} |"
