"""What is told of control requests: names, lines in the log, traces."""

import json
from typing import Any

import grpc
import httpx
import pytest

from conformance.collector import attributes, collecting
from conformance.wire import Wire, plaintext
from harness import Server

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = "00f067aa0ba902b7"


@pytest.fixture(scope="module")
def log() -> list[dict[str, Any]]:
    """The lines that a server has written of these requests."""
    with Server("--log-format", "json") as server:
        by_key = {"authorization": server.api_key}
        with httpx.Client(base_url=server.http) as http:
            http.put("/caches/one", headers=by_key | {"x-request-id": "mine-1"})
            http.put("/caches/one?more=words", headers=by_key | {"x-request-id": "mine-2"})
            http.get("/caches", headers={"x-request-id": "mine-3"})
            http.get("/a%E2%80%A8b", headers={"x-request-id": "mine-4"})
            assert http.get("/a%0Ab").status_code == 400
        with plaintext(server.http_address) as channel:
            more = (("x-request-id", "mine-5"),)
            Wire(channel, server.api_key, more=more).list_caches()
    lines = server.output.splitlines()
    return [json.loads(line) for line in lines if line.startswith('{"time"')]


def line(log: list[dict[str, Any]], request_id: str) -> dict[str, Any]:
    (found,) = [each for each in log if each.get("request_id") == request_id]
    return found


def test_a_line_tells_who_asked_for_what_and_how_it_ended(log: list[dict[str, Any]]) -> None:
    told = line(log, "mine-1")

    assert told["message"] == "PUT /caches/one"
    assert (told["level"], told["logger"]) == ("info", "attimo.access")
    assert (told["status"], told["account"], told["peer"]) == (201, 1, "127.0.0.1")
    assert len(told["key"]) > 8
    assert 0 < told["ms"] < 60_000


def test_a_refusal_is_told_without_its_query(log: list[dict[str, Any]]) -> None:
    told = line(log, "mine-2")

    assert (told["message"], told["status"]) == ("PUT /caches/one", 409)
    assert line(log, "mine-3")["status"] == 401
    assert "account" not in line(log, "mine-3")


def test_a_path_cannot_begin_a_line_of_its_own(log: list[dict[str, Any]]) -> None:
    """What some readers take for the end of a line is written in percent."""
    assert line(log, "mine-4")["message"] == "GET /a%E2%80%A8b"
    assert [each for each in log if "/a%0Ab" in each["message"]] == []


def test_a_method_of_grpc_has_its_own_status(log: list[dict[str, Any]]) -> None:
    told = line(log, "mine-5")

    assert told["message"] == "POST /control_client.ScsControl/ListCaches"
    assert (told["status"], told["grpc_status"]) == (200, "0")


def test_the_answer_bears_the_name_of_the_request(web: httpx.Client) -> None:
    assert web.get("/caches", headers={"x-request-id": "mine"}).headers["x-request-id"] == "mine"
    names = {web.get("/caches").headers["x-request-id"] for _ in range(3)}
    names |= {web.get("/caches", headers={"x-request-id": "a b"}).headers["x-request-id"]}

    assert len(names) == 4
    assert all(len(name) == 16 for name in names)


def test_a_refused_call_bears_the_name_of_the_request(channel: grpc.Channel) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        Wire(channel, "nonsense", more=(("x-request-id", "mine"),)).list_caches()

    assert isinstance(refused.value, grpc.Call)
    assert dict(refused.value.trailing_metadata() or ())["x-request-id"] == "mine"


def test_a_creation_is_a_trace_of_request_transaction_and_publishing() -> None:
    with collecting() as collector:
        with Server("--otlp-endpoint", collector.url) as server:
            headers = {
                "authorization": server.api_key,
                "traceparent": f"00-{TRACE}-{PARENT}-01",
                "x-request-id": "mine",
            }
            httpx.put(f"{server.http}/caches/traced", headers=headers).raise_for_status()
        spans = {span.name: span for span in collector.spans if span.trace_id.hex() == TRACE}

    assert collector.services == {"attimo"}
    assert set(spans) == {"PUT /caches/{name}", "transaction", "publish"}
    request = spans["PUT /caches/{name}"]
    assert request.parent_span_id.hex() == PARENT
    assert {spans[name].parent_span_id for name in ("transaction", "publish")} == {request.span_id}
    told = attributes(request)
    assert told["url.path"] == "/caches/traced"
    assert (told["http.response.status_code"], told["attimo.account_id"]) == (201, 1)
    assert told["attimo.request_id"] == "mine"
    assert attributes(spans["publish"])["attimo.revision"] > 0  # type: ignore[operator]


def test_a_call_is_a_span_by_its_method() -> None:
    more = (("traceparent", f"00-{TRACE}-{PARENT}-01"),)
    with collecting() as collector:
        with (
            Server("--otlp-endpoint", collector.url) as server,
            plaintext(server.http_address) as channel,
        ):
            Wire(channel, server.api_key, more=more).create_cache("traced")
        spans = {span.name: span for span in collector.spans if span.trace_id.hex() == TRACE}

    call = spans["control_client.ScsControl/CreateCache"]
    assert (call.parent_span_id.hex(), len(spans)) == (PARENT, 3)
