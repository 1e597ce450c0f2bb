"""The prose of the page of figures."""

INTRODUCTION = """
What a request costs, measured and not estimated. This page is written by `make bench`; it is not
edited by hand. The figure to look at is the processor time of the server for each operation:
user and system time of all its threads, divided by the operations that were answered. Operations
per second depend on what else a machine does, and swing much more from run to run.

Release build; authentication and metering on; no TLS where it is not said; values of 100 bytes,
keys of 16, one million keys.
"""

BUSY = """
**The machine had other work when this was measured** (load average {busy:g} at the start).
Processor time for each operation stands that well; latencies say more about that other work than
about the servers.
"""

SCALING = """
On two cores the load generator competes with the server. So that the comparison is fair, every
thread of the server gets the same neighbour: first one thread and one generator share one core,
then two threads and two generators share two. The *ratio of throughputs* is what was seen; it
flatters the server, as the generator's own part scales perfectly. The *ratio of capacities*
leaves the generator out: a server carries as much as its busiest thread, and that one spends the
given time on each operation of the whole server. The promise is held against the lesser of the two.
"""

MEMORY = """
Resident memory before and after each key was set once, with a value of 100 bytes and an hour to
live, divided by the number of items; then every item is read back, to see that it is still there.
"""

RATES = """
Gets of 100 bytes at a rate that is the same for everybody, whether a server keeps up or not, one
server at a time; the medians of three rounds in turn. Latency counts from when a Get was due.
"""

LARGE = """
5,000 Gets a second of one client, alone and beside large requests of others to the same thread, ten
of each kind a second as far as it serves them: fetches of a sorted set of 100,000 values, unions of
five such sets, and batches of 100,000 keys, all over HTTP/1.1. The medians of three rounds.
"""

TOPICS = """
A message of 100 bytes is published when all subscribers have received the one before. Processor
time is that of the whole server, the publishing included; the generator never sleeps meanwhile, so
that no server pays for waking it. Latency is that of 20,000 deliveries a second, from when a
message was due until a subscriber has read it: that of the last of a thousand counts as much as
that of the first. At this rate nobody takes half a core, so it is measured in real time, too.
Instructions are those of the data thread, counted by callgrind: 100,000 Gets alone, and beside
200,000 deliveries of another account, without what these deliveries take alone.
"""

COLLECTIONS = """
Resident memory before and after a million elements with names of 16 bytes were written to
collections of the size that is said, divided by the elements. A field's value has 20 bytes.
"""

MISSES = """
A trace of 4,000,000 requests (`bench/trace.py`) is replayed against Attimo's engine alone, against
Valkey, and against simulations by libcachesim, in which each item takes 64 bytes beyond its key and
value. What is missed is written. Nobody can avoid the first request of a key; *avoidable* misses
are the others. Memory is that by which a process grew.
"""

CONNECTIONS = """
Resident memory of the server before and after so many connections were opened to it, one after the
other, each with what is said, and then left alone, divided by their number. What the kernel holds
for a socket is not in it. Each kind had a server of its own.
"""

METHOD = """
* The server is pinned to core 0, the generator (`bench/load`) to core 1. For processor time, where
  the system allows, both are scheduled in real time (`chrt --rr 1`), as the machine may have other
  work; for latencies they are scheduled as any other, since the kernel halts what takes more than
  95 % of a core in real time for some 50 ms in each second.
* Collections: 16-byte names and elements, 100-byte values, one million elements spread over
  collections of the size that is said. Every put of a sorted set gives a value another score. Items
  may have 1 GiB here, since a sorted set of a million values has more than the usual 4,883 KiB.
* All servers run at once, each filled with one million items; one at a time has work. Each round
  goes through all scenarios and servers once, so that a change of the machine's mood meets
  everybody. The table shows the median of the rounds, and the least and the most.
* The generator reads every answer to the last byte: gRPC status 0, a hit, and the value of the key
  that was asked for. A single wrong answer ends the run without a result.
* Latency is measured at 70 % of the throughput that was measured just before, at a steady rate,
  from the moment at which an operation was due, not from when it could be sent. The generator looks
  every 50 µs for what is due and what has come, so the figures are up to that much too high. A
  dagger (†) says that the server did not keep up.
* gRPC: after the first call on a connection all headers, the token included, are sent as
  references into HPACK's dynamic table, as the SDKs' channels do.
* HTTP/2: the same is true of all headers but `:path`, which has the key in it, and is sent in
  Huffman's code without being put into the table.
* TLS: version 1.3, by rustls, with the certificate that the server made for itself. Connections
  are open before anything is counted: the figures hold no handshakes.
* Redis and Valkey run without persistence and with one thread, memcached with one thread. nginx is
  one process that serves one file of 100 bytes, which it keeps open, without a log; it is asked by
  the same request as Attimo, but without a token.
* Neighbours: an account asks 500 times a second, alone, and beside one that asks for ten times the
  operations of its limit and sends values of 5 MB, all to one thread. One failure ends the run.
* Limits: a server whose account has limits on itself, its caches and its keys, in turn with one
  without any. The memory of limits is what they add to 10,000 accounts that were in use before.
* Key choice: YCSB's Zipf distribution with θ = 0.99, or uniform.
* Processor time is that of `/proc/PID/task/*/schedstat`, which counts nanoseconds. Every round is
  in `bench/results`, with the figures by the names that `bench/bars.toml` uses.

`make bench` measures everything in about an hour; `python -m bench --quick` takes about five
minutes; `python -m bench --only grpc-get-1x100` measures what begins with that name, and with
`--into FILE`, puts it into a run that was kept.
"""
