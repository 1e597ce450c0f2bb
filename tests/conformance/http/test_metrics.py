"""What an operator's programs ask: /health, /ready and /metrics."""

import itertools
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import grpc
import httpx
import pytest
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as open_metrics,
)
from prometheus_client.parser import text_string_to_metric_families as prometheus

from attimo.node.local import metrics as declared
from conformance.wire import Wire, plaintext
from faults.watching import eventually
from harness import Server

OPEN_METRICS = "application/openmetrics-text; version=1.0.0, text/plain; q=0.5"


@dataclass(frozen=True)
class Page:
    """A page of metrics, as Prometheus' own parser reads it."""

    samples: dict[tuple[str, frozenset[tuple[str, str]]], float]

    def value(self, name: str, **labels: str) -> float:
        return self.samples.get((name, frozenset(labels.items())), 0)

    def sum(self, name: str, **labels: str) -> float:
        """The sum over all samples that bear these labels, among others."""
        return sum(
            value
            for (found, borne), value in self.samples.items()
            if found == name and labels.items() <= dict(borne).items()
        )


def page(server: Server) -> Page:
    answer = httpx.get(f"{server.http}/metrics")
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    return Page(
        {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in prometheus(answer.text)
            for sample in family.samples
        }
    )


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A server of its own: nobody else's requests are counted."""
    with Server("--metrics-caches", "3", "--collect-seconds", "0.2") as server:
        yield server


@pytest.fixture(scope="module")
def channel(server: Server) -> Iterator[grpc.Channel]:
    with plaintext(server.http_address) as channel:
        yield channel


@pytest.fixture(scope="module")
def http(server: Server) -> Iterator[httpx.Client]:
    headers = {"authorization": server.api_key}
    with httpx.Client(base_url=server.http, headers=headers) as client:
        yield client


@pytest.fixture
def scs(server: Server, channel: grpc.Channel) -> Wire:
    return Wire(channel, server.api_key, "default-cache")


def test_every_request_is_counted_once_by_protocol_and_method(
    server: Server, scs: Wire, http: httpx.Client
) -> None:
    before = page(server)
    for number in range(7):
        scs.set(b"k%d" % number, b"value")
    assert scs.get(b"k0") == b"value"
    assert scs.get(b"none") is None
    http.put("/cache/default-cache", params={"key": "a", "ttl_seconds": 60}, content=b"v")
    http.get("/cache/default-cache", params={"key": "a"})
    http.get("/cache/default-cache", params={"key": "none"})
    http.get("/cache/default-cache")  # names no key
    after = page(server)

    def more(name: str, **labels: str) -> float:
        return after.sum(name, **labels) - before.sum(name, **labels)

    requests, took = "attimo_requests_total", "attimo_request_duration_seconds"
    assert more(requests, protocol="grpc", api="Set", outcome="ok") == 7
    assert more(requests, protocol="grpc", api="Get", outcome="ok") == 2
    assert more(requests, protocol="http", api="Set", outcome="ok") == 1
    assert more(requests, protocol="http", api="Get", outcome="ok") == 2
    assert more(requests, protocol="http", api="Get", outcome="refused") == 1
    assert more(requests) == 13
    assert more("attimo_errors_total", protocol="http", code="400") == 1
    assert [more("attimo_hits_total"), more("attimo_misses_total")] == [2, 2]
    assert more("attimo_cache_requests_total", account="1", cache="default-cache") == 13
    assert more("attimo_cache_errors_total", account="1", cache="default-cache") == 1
    for protocol, api in itertools.product(("grpc", "http"), ("Get", "Set")):
        of = {"protocol": protocol, "api": api}
        assert more(f"{took}_count", **of) == more(requests, **of)
        assert more(f"{took}_bucket", le="+Inf", **of) == more(requests, **of)
        assert 0 < more(f"{took}_sum", **of) < 1


def test_strangers_are_counted_by_the_protocols_own_code(
    server: Server, channel: grpc.Channel, http: httpx.Client
) -> None:
    before = page(server)
    with pytest.raises(grpc.RpcError):
        Wire(channel, "nonsense", "default-cache").get(b"k")
    httpx.get(f"{server.http}/cache/default-cache?key=a")
    http.get("/cache/nowhere", params={"key": "a"})
    after = page(server)

    for protocol, code in (("grpc", "UNAUTHENTICATED"), ("http", "401"), ("http", "404")):
        of = {"protocol": protocol, "code": code}
        errors = "attimo_errors_total"
        assert after.value(errors, **of) - before.value(errors, **of) == 1
    other = {"account": "", "cache": "_other"}
    requests = "attimo_cache_requests_total"
    assert after.value(requests, **other) - before.value(requests, **other) == 1


def test_the_busiest_caches_have_lines_of_their_own_whatever_they_are_called(
    server: Server, http: httpx.Client
) -> None:
    names = ['quo"te #1', "back\\slash } 7", "quiet-one", "quiet-two"]
    for name in names:
        http.put(f"/caches/{quote(name)}").raise_for_status()
    busy, quiet = names[:2], names[2:]
    for name, times in ((busy[0], 40), (busy[1], 30)):
        for number in range(times):
            params = {"key": str(number), "ttl_seconds": "60"}
            http.put(
                f"/cache/{quote(name)}", params=params, content=b"0123456789"
            ).raise_for_status()
    params = {"key": "a", "ttl_seconds": "60"}
    for name in quiet:
        http.put(f"/cache/{quote(name)}", params=params, content=b"x").raise_for_status()
    seen = page(server)

    for name, times in ((busy[0], 40), (busy[1], 30)):
        of = {"account": "1", "cache": name}
        assert seen.value("attimo_cache_requests_total", **of) == times
        assert seen.value("attimo_cache_items", **of) == times
        assert seen.value("attimo_cache_stored_bytes", **of) > 10 * times
        assert seen.value("attimo_cache_received_bytes_total", **of) > 10 * times
    requests = "attimo_cache_requests_total"
    assert sum(name == requests for name, _ in seen.samples) == 4  # three and all others
    assert seen.sum(requests) == seen.sum("attimo_requests_total")
    assert seen.sum("attimo_cache_items") == seen.value("attimo_items")
    assert seen.sum("attimo_cache_stored_bytes") == seen.value("attimo_stored_bytes")


def test_connections_and_handshakes_are_counted(server: Server) -> None:
    before = page(server)
    with httpx.Client(verify=False, http1=False, http2=True) as http2:  # noqa: S501
        http2.get(f"{server.https}/health")
        during = page(server)
        with pytest.raises(httpx.HTTPError):
            httpx.get(f"{server.https}/health", verify=True)
    shaken, failed = "attimo_tls_handshakes_total", {"result": "failed"}
    eventually(
        lambda: page(server).value(shaken, **failed) > before.value(shaken, **failed),
        "the server sees that the handshake has failed",
    )
    after = page(server)

    opened = "attimo_connections_open"
    assert during.value(opened, transport="tls", protocol="http2") == 1
    accepted = "attimo_connections_accepted_total"
    assert after.value(accepted, transport="tls") - before.value(accepted, transport="tls") == 2
    assert after.value(shaken, result="done") - before.value(shaken, result="done") == 1
    assert after.value(shaken, **failed) - before.value(shaken, **failed) == 1


def test_what_is_no_http_is_closed_and_counted(server: Server) -> None:
    before = page(server)
    with socket.create_connection(server.http_address) as raw:
        raw.sendall(b"this is no request\r\n\r\n")
        while raw.recv(1_024):
            pass

    def more() -> float:
        closed = "attimo_connections_closed_total"
        return page(server).value(closed, reason="protocol") - before.value(
            closed, reason="protocol"
        )

    eventually(lambda: more() > 0, "it is counted")
    assert more() == 1


def test_usage_is_unrecorded_until_the_ledger_has_it(server: Server, scs: Wire) -> None:
    began = int(time.time())
    scs.set(b"k", b"value")

    def is_recorded() -> bool:
        found = page(server)
        # The last record can be one from before the request, of the same second.
        return (
            found.value("attimo_usage_recorded_timestamp_seconds") > began
            and found.value("attimo_usage_unrecorded_requests") == 0
        )

    eventually(is_recorded, "what was used until now is in the ledger")
    found = page(server)

    assert found.value("attimo_usage_recorded_timestamp_seconds") <= time.time()
    assert found.value("attimo_usage_unrecorded_requests") == 0
    assert found.value("attimo_usage_unrecorded_bytes") == 0


def test_a_page_tells_every_metric_that_is_declared_and_no_other(server: Server, scs: Wire) -> None:
    scs.get(b"k")
    families = {
        family.name: family for family in prometheus(httpx.get(f"{server.http}/metrics").text)
    }

    for metric in declared():
        name = metric.name.removesuffix("_total")  # as the parser has it
        family = families.pop(name)
        assert (family.type, family.documentation) == (metric.kind, metric.help)
        for sample in family.samples:
            assert set(sample.labels) - {"le"} == set(metric.labels)
    assert families == {}


def test_a_reader_of_open_metrics_gets_that(server: Server) -> None:
    answer = httpx.get(f"{server.http}/metrics", headers={"accept": OPEN_METRICS})
    parse: Any = open_metrics

    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    assert len(list(parse(answer.text))) == len(declared())


@pytest.mark.parametrize(
    "headers",
    [{"x-forwarded-for": "192.0.2.7"}, {"origin": "http://a.example"}, {"host": "a.example"}],
)
def test_metrics_are_not_for_whom_a_proxy_or_a_page_asks(
    server: Server, headers: dict[str, str]
) -> None:
    assert httpx.get(f"{server.http}/metrics", headers=headers).status_code == 403


def test_only_reading_is_served(server: Server) -> None:
    head = httpx.head(f"{server.http}/metrics")

    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-type"].startswith("text/plain")
    assert "content-length" not in head.headers  # no page was made to find it out
    assert httpx.post(f"{server.http}/metrics").status_code == 405


def test_metrics_are_open_or_off_if_the_operator_says_so() -> None:
    forwarded = {"x-forwarded-for": "192.0.2.7"}
    with Server("--metrics", "open") as server:
        assert httpx.get(f"{server.http}/metrics", headers=forwarded).status_code == 200
    with Server("--metrics", "off") as server:
        assert httpx.get(f"{server.http}/metrics").status_code == 404
        assert httpx.get(f"{server.http}/ready").status_code == 200


def test_a_listener_for_health_alone_is_for_whoever_watches() -> None:
    forwarded = {"x-forwarded-for": "192.0.2.7"}
    with Server("--listen", "http://127.0.0.1:0?only=health") as server:
        (watching,) = [each for each in server.running["listeners"] if "only=health" in each]
        url = watching.partition("?")[0]

        assert httpx.get(f"{url}/metrics", headers=forwarded).status_code == 200
        assert httpx.get(f"{server.http}/metrics", headers=forwarded).status_code == 403


def test_health_and_readiness_are_for_everybody(server: Server) -> None:
    ready = httpx.get(f"{server.http}/ready")

    assert (ready.status_code, ready.json()) == (200, {"status": "ready"})
    assert httpx.get(f"{server.http}/health").json()["status"] == "ok"
