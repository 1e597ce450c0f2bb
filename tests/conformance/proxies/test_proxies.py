"""Topics through real proxies, with the lines that the page about them gives."""

import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager

import grpc
import httpx
import pytest
from websockets.exceptions import InvalidStatus

from conformance.event_stream import events
from conformance.proxies.proxies import LANGUAGES, Proxy, all_running, need_all
from conformance.pubsub import Pubsub
from conformance.web_socket import Talk, web_socket
from harness import Server
from ports import free_ports

CACHE = "default-cache"
MORE_THAN_PROXIES_ALLOW = 200
"""Streams of a client, by the defaults of nginx (128) and HAProxy (100)."""

STREAMS = ("haproxy", "envoy")
"""With whom a page may open WebSockets on its HTTP/2 connection (RFC 8441)."""

SLOW, LONG_MESSAGES = 4, 40
"""More than the window of a connection, by the defaults of Envoy, to those who read nothing."""

LARGE = 4 << 20
UNTIL_IT_IS_BACK = 200


@pytest.fixture(scope="module")
def upstream() -> Iterator[Server]:
    """A server that keeps its port over a restart."""
    http, https = free_ports(2)
    ports = ("--http", f"127.0.0.1:{http}", "--https", f"127.0.0.1:{https}")
    with Server(ports=ports) as server:
        yield server


@pytest.fixture(scope="module")
def proxies(upstream: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Proxy]]:
    """All of them at once, in front of it."""
    need_all()
    _, port = upstream.http_address
    with all_running(port, tmp_path_factory.mktemp("proxies")) as proxies:
        yield proxies


@pytest.fixture(params=["1", "2"])
def ask(request: pytest.FixtureRequest, upstream: Server) -> Callable[[Proxy], httpx.Client]:
    """Opens clients of a version of HTTP."""

    def opened(proxy: Proxy) -> httpx.Client:
        return httpx.Client(
            base_url=proxy.url,
            headers={"authorization": upstream.api_key},
            verify=ssl.create_default_context(cafile=proxy.root),
            http1=request.param == "1",
            http2=request.param == "2",
            timeout=60,
            trust_env=False,
        )

    return opened


def open_subscriptions(server: Server) -> int:
    page = httpx.get(f"{server.http}/metrics", trust_env=False).text
    (line,) = [each for each in page.splitlines() if each.startswith("attimo_topic_subscriptions ")]
    return int(line.split()[1])


def test_a_client_subscribes_more_often_than_proxies_allow_by_default(
    upstream: Server, proxies: list[Proxy]
) -> None:
    for proxy in proxies:
        with proxy.pubsub(upstream.api_key) as pubsub:
            streams = [pubsub.subscribe(CACHE, proxy.name) for _ in range(MORE_THAN_PROXIES_ALLOW)]
            for stream in streams:
                stream.begin()
            pubsub.publish(CACHE, proxy.name, "to all")
            assert {text for each in streams for text in each.texts(1)} == {"to all"}, proxy.name
        while open_subscriptions(upstream):
            pass


def test_a_refusal_and_an_end_pass_as_they_are(upstream: Server, proxies: list[Proxy]) -> None:
    found = {}
    for proxy in proxies:
        with (
            proxy.pubsub(upstream.api_key) as pubsub,
            httpx.Client(
                base_url=upstream.http, headers={"authorization": upstream.api_key}
            ) as owner,
        ):
            owner.put(f"/caches/{proxy.name}").raise_for_status()
            stream = pubsub.subscribe(proxy.name, "t").begin()
            missing = pubsub.subscribe("no-such-cache", "t").end()
            owner.delete(f"/caches/{proxy.name}").raise_for_status()
            found[proxy.name] = (missing, stream.end())

    not_found = grpc.StatusCode.NOT_FOUND
    assert found == dict.fromkeys(LANGUAGES, (not_found, not_found))


def test_plain_http_passes_with_long_polls_and_large_values_and_without_metrics(
    upstream: Server, proxies: list[Proxy], ask: Callable[[Proxy], httpx.Client]
) -> None:
    for proxy in proxies:
        with ask(proxy) as client:
            topic = f"/topics/{CACHE}/polled-{proxy.name}"
            assert client.post(topic, content=b"hello").status_code == 204, proxy.name
            item = client.get(topic).json()["items"][0]["item"]
            assert item["value"] == {"text": "hello"}, proxy.name
            query = {"key": "large", "ttl_seconds": "60"}
            written = client.put(f"/cache/{CACHE}", params=query, content=bytes(LARGE))
            assert written.status_code == 204, (proxy.name, written.text)
            read = client.get(f"/cache/{CACHE}", params=query)
            assert len(read.content) == LARGE, proxy.name
            long = client.get(f"/cache/{CACHE}", params={"key": "k" * 20_000})
            assert long.status_code == 404, (proxy.name, long.text)
            assert client.get("/metrics").status_code == 403, proxy.name


def test_events_pass_as_they_come_and_a_page_comes_back(
    proxies: list[Proxy], ask: Callable[[Proxy], httpx.Client]
) -> None:
    for proxy in proxies:
        with ask(proxy) as client:
            topic = f"/topics/{CACHE}/events-{proxy.name}-{client.get('/health').http_version[-1]}"
            with events(client, topic) as stream:
                for text in ("one", "two"):
                    client.post(topic, content=text.encode()).raise_for_status()
                    assert stream.texts(1) == [text], proxy.name
            client.post(topic, content=b"three").raise_for_status()
            with events(client, topic, stream.last_id) as again:
                assert again.texts(1) == ["three"], proxy.name


def test_web_sockets_pass_and_so_do_refusals_of_them(
    upstream: Server, proxies: list[Proxy]
) -> None:
    for proxy, is_stream in ways(proxies):
        topic = f"talk-{proxy.name}-{is_stream}"
        with talk(proxy, upstream.api_key, is_stream) as ann:
            ann.ask(id=1, subscribe={"topic": topic})
            for text in ("short", "long" * 100_000):
                ann.say(publish={"topic": topic, "value": {"text": text}})
                assert ann.texts(1) == [text], topic
        with pytest.raises(InvalidStatus) as refused, talk(proxy, "nonsense", is_stream):
            pass
        assert refused.value.response.status_code == 401, topic


def ways(proxies: list[Proxy]) -> list[tuple[Proxy, bool]]:
    """Each proxy with each way to open a WebSocket: by HTTP/1.1, and on a stream of HTTP/2."""
    ways = [(proxy, is_stream) for proxy in proxies for is_stream in (False, True)]
    return [
        (proxy, is_stream) for proxy, is_stream in ways if proxy.name in STREAMS or not is_stream
    ]


def talk(proxy: Proxy, token: str, is_stream: bool = False) -> AbstractContextManager[Talk]:
    trust = ssl.create_default_context(cafile=proxy.root)
    return web_socket(proxy.url, CACHE, token, is_stream, ssl=trust)


def test_who_reads_nothing_holds_up_nobody_else(upstream: Server, proxies: list[Proxy]) -> None:
    """Streams that share a connection to the server must not use up its window together."""
    for proxy in proxies:
        topic = f"slow-{proxy.name}"
        with (
            ExitStack() as stack,
            httpx.Client(headers={"authorization": upstream.api_key}) as publisher,
            talk(proxy, upstream.api_key) as ann,
        ):
            for _ in range(SLOW):
                stack.enter_context(unread(proxy, f"{topic}?token={upstream.api_key}"))
            assert "ack" in ann.ask(id=1, subscribe={"topic": topic})
            for number in range(LONG_MESSAGES):
                text = f"{number} {'x' * 999_000}"
                publisher.post(f"{upstream.http}/topics/{CACHE}/{topic}", content=text)
                assert ann.texts(1) == [text], (proxy.name, number)


@contextmanager
def unread(proxy: Proxy, topic: str) -> Iterator[None]:
    """Subscribe to events, and read none but the first bytes."""
    trust = ssl.create_default_context(cafile=proxy.root)
    with (
        socket.create_connection(("127.0.0.1", proxy.port), 20) as plain,
        trust.wrap_socket(plain, server_hostname="localhost") as connection,
    ):
        head = f"GET /topics/{CACHE}/{topic} HTTP/1.1\r\nhost: localhost\r\n"
        connection.sendall(f"{head}accept: text/event-stream\r\n\r\n".encode())
        assert connection.recv(12) == b"HTTP/1.1 200"
        yield


def test_a_subscription_outlives_the_time_that_proxies_give_a_request(
    upstream: Server, proxies: list[Proxy]
) -> None:
    """Envoy's is 15 seconds, and a heartbeat comes every 10."""
    with ExitStack() as stack:
        pubsubs = [stack.enter_context(each.pubsub(upstream.api_key)) for each in proxies]
        for stream in [pubsub.subscribe(CACHE, "silent").begin() for pubsub in pubsubs]:
            assert [stream.next().WhichOneof("kind") for _ in range(2)] == ["heartbeat"] * 2


def test_a_restart_ends_subscriptions_by_the_server_s_word_and_clients_resume(
    upstream: Server, proxies: list[Proxy]
) -> None:
    with ExitStack() as stack:
        pubsubs = {
            each.name: stack.enter_context(each.pubsub(upstream.api_key)) for each in proxies
        }
        streams = {}
        for name, pubsub in pubsubs.items():
            pubsub.publish(CACHE, f"kept-{name}", "before")
            streams[name] = pubsub.subscribe(CACHE, f"kept-{name}")
        last = {name: next(stream.items()) for name, stream in streams.items()}

        upstream.stop()
        ends = {name: stream.end() for name, stream in streams.items()}
        assert ends == dict.fromkeys(LANGUAGES, grpc.StatusCode.UNAVAILABLE)
        upstream.start()

        for name, pubsub in pubsubs.items():
            until_it_is_back(lambda: is_published(pubsub, f"kept-{name}"))  # noqa: B023
            number, page = last[name].topic_sequence_number + 1, last[name].sequence_page
            items = pubsub.subscribe(CACHE, f"kept-{name}", number, page).items()
            gap, item = next(items), next(items)
            assert gap.last_topic_sequence == 1, name
            assert item.value.text == "after", name


def is_published(pubsub: Pubsub, topic: str) -> bool:
    """Publish, if the proxy has found the server again."""
    try:
        pubsub.publish(CACHE, topic, "after")
    except grpc.RpcError as error:
        if error.code() is not grpc.StatusCode.UNAVAILABLE:
            raise
        return False
    return True


def until_it_is_back(is_back: Callable[[], bool]) -> None:
    """Try until the proxy has found the server again; each try waits for its answer."""
    for _ in range(UNTIL_IT_IS_BACK):
        if is_back():
            return
    raise AssertionError("the proxy does not find the server again")


def test_events_end_by_the_server_s_word_at_a_restart_and_a_page_comes_back(
    upstream: Server, proxies: list[Proxy], ask: Callable[[Proxy], httpx.Client]
) -> None:
    with ExitStack() as stack:
        clients = {each.name: stack.enter_context(ask(each)) for each in proxies}
        topics, streams = {}, {}
        for name, client in clients.items():
            version = client.get("/health").http_version[-1]
            topics[name] = f"/topics/{CACHE}/restarted-{name}-{version}"
            streams[name] = stack.enter_context(events(client, topics[name]))
            client.post(topics[name], content=b"before").raise_for_status()
            assert streams[name].texts(1) == ["before"], name

        upstream.stop()
        ends = {name: stream.end()["err"] for name, stream in streams.items()}
        assert ends == dict.fromkeys(LANGUAGES, "server_stopping")
        while_down = {name: client.get("/health").status_code for name, client in clients.items()}
        assert while_down == {"nginx": 502, "haproxy": 503, "envoy": 503}, "as the page says"
        upstream.start()

        for name, client in clients.items():
            until_it_is_back(lambda: client.get("/health").status_code == 200)  # noqa: B023
            client.post(topics[name], content=b"after").raise_for_status()
            with events(client, topics[name], streams[name].last_id) as again:
                assert again.next().kind == "discontinuity", name
                assert again.texts(1) == ["after"], name


def test_a_web_socket_resumes_after_a_restart(upstream: Server, proxies: list[Proxy]) -> None:
    with ExitStack() as stack:
        talks, pages = {}, {}
        for way in ways(proxies):
            talks[way] = ann = stack.enter_context(talk(way[0], upstream.api_key, way[1]))
            topic = topic_of(way)
            pages[way] = ann.ask(id=1, subscribe={"topic": topic})["ack"]["sequence_page"]
            ann.say(publish={"topic": topic, "value": {"text": "before"}})
            assert ann.texts(1) == ["before"], topic

        upstream.stop()
        closes = {topic_of(way): ann.closed() for way, ann in talks.items()}
        assert closes == dict.fromkeys(closes, (1001, "server_stopping"))
        for proxy, is_stream in talks:
            with pytest.raises(InvalidStatus), talk(proxy, upstream.api_key, is_stream):
                pass
        upstream.start()

        for proxy, is_stream in talks:
            seen = {"sequence_number": 2, "sequence_page": pages[proxy, is_stream]}
            until_it_is_back(lambda: opens(proxy, upstream.api_key))  # noqa: B023
            with talk(proxy, upstream.api_key, is_stream) as again:
                topic = topic_of((proxy, is_stream))
                again.say(id=1, publish={"topic": topic, "value": {"text": "after"}})
                assert again.hear()["ack"]["id"] == 1
                again.say(id=2, subscribe={"topic": topic} | seen)
                heard = [again.hear() for _ in range(3)]
            assert heard[0]["ack"]["id"] == 2, heard
            assert heard[1]["discontinuity"]["last_topic_sequence"] == 1, heard
            assert heard[2]["item"]["value"]["text"] == "after", heard


def topic_of(way: tuple[Proxy, bool]) -> str:
    return f"spoken-{way[0].name}-{way[1]}"


def opens(proxy: Proxy, token: str) -> bool:
    """Whether a WebSocket can be opened."""
    try:
        with talk(proxy, token):
            return True
    except InvalidStatus as refused:
        if refused.response.status_code not in (502, 503):
            raise
        return False
