"""A webhook connects to public addresses only, unless the operator names networks."""

import asyncio
import ipaddress
import math
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import pytest

from attimo.webhooks.addresses import Guard, RefusedAddressError
from attimo.webhooks.post import Answer, NoAnswerError, Poster, look_up
from receivers import STALL, Receiver, receiving

PUBLIC = ["1.1.1.1", "8.8.8.8", "192.0.1.1", "100.128.0.1", "172.32.0.1", "2606:4700::1111"]
NOT_PUBLIC = [
    *("0.0.0.0", "0.1.2.3", "10.1.2.3", "100.64.0.1", "127.0.0.1", "127.255.255.254"),  # noqa: S104
    *("169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.8", "192.0.2.1"),
    *("192.88.99.1", "192.168.0.1", "198.18.0.1", "198.19.255.255", "198.51.100.1"),
    *("203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255"),
    *("::", "::1", "::7f00:1", "fe80::1", "fe80::1%eth0", "fec0::1", "fc00::1", "fd00::1"),
    *("ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254"),
    *("64:ff9b::127.0.0.1", "64:ff9b::a00:1", "64:ff9b:1::1.1.1.1", "100::1", "5f00::1"),
    *("2001::1", "2001:2::1", "2001:10::1", "2001:db8::1", "2002:7f00:1::", "2002:a00:1::1"),
    *("2002:101:101::", "3fff::1", "4000::1", "2606:4700::1111%eth0"),
]
WAYS_TO_SAY_THIS_MACHINE = [
    *("127.0.0.1", "127.1", "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "0", "①②⑦.⓪.⓪.①"),
    *("localhost", "LOCALHOST", "localhost.", "[::1]", "[::]", "[0:0:0:0:0:0:0:1]"),
    *("[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "[64:ff9b::7f00:1]"),
]
NOT_ADDRESSES = ["", "localhost", "2130706433", "0x7f.1", "127.1", "1.1.1.1/32", "[::1]"]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


def poster(found: Sequence[Sequence[str]], networks: Sequence[str] = (), **more: float) -> Poster:
    """One whose look-ups give these addresses, one after the other."""
    answers = iter(found)

    async def resolve(host: str, port: int) -> Sequence[str]:
        return next(answers)

    guard = Guard([ipaddress.ip_network(each) for each in networks])
    return Poster(guard, lambda: 0.0, resolve, **more)


def post(poster: Poster, url: str) -> Answer:
    return asyncio.run(poster.post(url, {"webhook-id": "1-1"}, b"{}"))


@contextmanager
def answering(said: bytes) -> Iterator[int]:
    """Run a server at the port that is yielded, which says this to whoever connects, and stays."""
    with socket.create_server(("127.0.0.1", 0)) as server, ExitStack() as stack:

        def answer() -> None:
            connection = stack.enter_context(server.accept()[0])
            connection.recv(1 << 16)
            with suppress(OSError):  # the client has heard enough
                connection.sendall(said)

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        thread.join()


@contextmanager
def dripping(said: bytes) -> Iterator[int]:
    """Run a server at the port that is yielded, which says this, and then letter by letter more."""
    ending = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            with server.accept()[0] as connection, suppress(OSError):
                connection.recv(1 << 16)
                connection.sendall(said)
                while not ending.wait(0.01):
                    connection.sendall(b"x")

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        ending.set()
        thread.join()


def test_only_public_addresses_are_permitted() -> None:
    wrong = [each for each in PUBLIC if not Guard().permits(each)]
    wrong += [each for each in [*NOT_PUBLIC, *NOT_ADDRESSES] if Guard().permits(each)]

    assert wrong == []


def test_a_translated_address_counts_as_the_one_that_packets_go_to() -> None:
    guard = Guard([ipaddress.ip_network("10.0.0.0/8")])

    assert guard.permits("64:ff9b::8.8.8.8")
    for each in ("10.9.9.9", "::ffff:10.9.9.9", "64:ff9b::10.9.9.9"):
        assert guard.permits(each)
    for each in ("127.0.0.1", "::ffff:192.168.0.1"):
        assert not guard.permits(each)


def test_one_address_that_is_not_permitted_refuses_the_name() -> None:
    with pytest.raises(RefusedAddressError, match=r"^a\.example has an address that is not public"):
        Guard().check("a.example", ["1.1.1.1", "10.0.0.1"])
    with pytest.raises(RefusedAddressError, match="has no address"):
        Guard().check("a.example", [])


def test_the_connection_goes_to_the_address_that_was_checked(receiver: Receiver) -> None:
    """The name is looked up once: what it means a moment later does not matter."""
    once = poster([["127.0.0.1"], ["127.0.0.2"]], ["127.0.0.1/32"])
    url = f"http://changing.example:{receiver.port}/hook?a=b"

    assert post(once, url).status == 200
    assert (receiver.got[0].path, receiver.got[0].headers["host"]) == (
        "/hook?a=b",
        f"changing.example:{receiver.port}",
    )
    with pytest.raises(NoAnswerError, match=r"changing\.example has an address that is not public"):
        post(once, url)
    assert len(receiver.got) == 1


def test_what_leads_to_this_machine_is_refused_before_anything_is_sent(receiver: Receiver) -> None:
    real = Poster(Guard(), lambda: 0.0)

    for host in WAYS_TO_SAY_THIS_MACHINE:
        with pytest.raises(NoAnswerError, match=r"that is not public|no connection"):
            post(real, f"http://{host}:{receiver.port}/")
    assert receiver.got == []


def test_a_redirect_is_an_answer_like_others_and_not_followed(receiver: Receiver) -> None:
    receiver.answers = [(307, {"location": receiver.url})]

    answer = post(poster([["127.0.0.1"]], ["127.0.0.0/8"]), receiver.url)

    assert (answer.status, len(receiver.got)) == (307, 1)


def test_a_pause_is_read_in_seconds_and_as_a_date(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A date is in GMT in each of the three forms of HTTP, whatever the zone of this machine is."""
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    date, zone = "Thu, 01 Jan 1970 00:02:00 GMT", "Wed, 21 Oct 2015 07:28:00 +99999999999999999999"
    asked = {"17": 17.0, date: 120.0, zone: None, "soon": None, "-1": None}
    asked |= {"Thursday, 01-Jan-70 00:03:00 GMT": 180.0, "Thu Jan  1 00:04:00 1970": 240.0}
    asked |= {9_999 * "9": math.inf, "Wed, 31 Dec 1969 00:00:00 GMT": 0.0}
    receiver.answers = [(503, {"retry-after": each}) for each in asked]
    found = poster([["127.0.0.1"]] * len(asked), ["127.0.0.0/8"])

    try:
        assert [post(found, receiver.url).retry_after for _ in asked] == list(asked.values())
    finally:
        monkeypatch.undo()
        time.tzset()


def test_no_proxy_of_the_environment_is_used(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would connect to whatever address the name has for it."""
    with receiving() as proxy:
        for name in ("http_proxy", "https_proxy", "all_proxy"):
            for each in (name, name.upper()):
                monkeypatch.setenv(each, f"http://127.0.0.1:{proxy.port}")

        assert post(poster([["127.0.0.1"]], ["127.0.0.0/8"]), receiver.url).status == 200
        assert (len(receiver.got), proxy.got) == (1, [])


def test_an_answer_that_comes_drop_by_drop_is_given_up_in_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A head within the limit of an attempt; a body within its own, and the status counts."""
    monkeypatch.setattr("attimo.webhooks.post.BODY_SECONDS", 0.2)
    hasty = poster([["127.0.0.1"]], ["127.0.0.0/8"], seconds=0.3)
    head = dripping(b"HTTP/1.1 200 OK\r\nx-slow: ")
    with head as port, pytest.raises(NoAnswerError, match=r"no answer within 0\.3 s"):
        post(hasty, f"http://127.0.0.1:{port}/")
    with dripping(OK + b"content-length: 9999\r\n\r\n") as port:
        slow = poster([["127.0.0.1"]], ["127.0.0.0/8"], seconds=60.0)
        began = time.monotonic()
        assert post(slow, f"http://127.0.0.1:{port}/").status == 200
        assert time.monotonic() - began < 30


OK = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    "said",
    [
        OK + b"content-length: 10\r\n\r\nok",
        OK + b"transfer-encoding: chunked\r\n\r\nno chunk",
        OK + b"transfer-encoding: chunked\r\n\r\n" + 99_999 * b"1\r\nx\r\n",
        OK + b"\r\n",
        b"HTTP/1.1 103 Early Hints\r\n\r\n" + OK + b"content-length: 0\r\n\r\n",
    ],
    ids=["cut", "malformed", "in pieces", "without an end", "after hints"],
)
def test_the_status_says_what_became_of_it_whatever_the_body_is(
    said: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("attimo.webhooks.post.BODY_SECONDS", 0.1)
    with answering(said) as port:
        found = poster([["127.0.0.1"]], ["127.0.0.0/8"])
        assert post(found, f"http://127.0.0.1:{port}/").status == 200


@pytest.mark.parametrize(
    "said", [b"SSH-2.0-secret\r\n", 99_999 * b"x", 9_999 * b"HTTP/1.1 100 Continue\r\n\r\n"]
)
def test_what_is_no_answer_is_not_repeated_to_the_owner(said: bytes) -> None:
    with answering(said) as port, pytest.raises(NoAnswerError) as caught:
        post(poster([["127.0.0.1"]], ["127.0.0.0/8"]), f"http://127.0.0.1:{port}/")

    assert len(str(caught.value)) < 100
    assert "secret" not in str(caught.value)


def test_a_receiver_that_stalls_or_closes_is_given_up(receiver: Receiver) -> None:
    receiver.answers = [(STALL, {})]

    with pytest.raises(NoAnswerError, match=r"no answer within 0\.2 s"):
        post(poster([["127.0.0.1"]], ["127.0.0.0/8"], seconds=0.2), receiver.url)
    receiver.end()
    receiver.answers = [(STALL, {})]
    with pytest.raises(NoAnswerError, match="closed the connection without an answer"):
        post(poster([["127.0.0.1"]], ["127.0.0.0/8"]), receiver.url)


def test_a_name_that_nobody_answers_for_delays_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    release, resolver = threading.Event(), socket.getaddrinfo

    def stuck(host: str, *args: Any, **named: Any) -> Any:
        if host == "stuck.example":
            release.wait(20)
            raise OSError
        return resolver(host, *args, **named)

    async def run() -> list[str]:
        waiting = [asyncio.create_task(look_up("stuck.example", 80)) for _ in range(70)]
        found = await asyncio.wait_for(look_up("127.0.0.1", 80), 10)
        release.set()
        await asyncio.gather(*waiting, return_exceptions=True)
        return found

    monkeypatch.setattr(socket, "getaddrinfo", stuck)

    assert asyncio.run(run()) == ["127.0.0.1"]


def test_a_name_without_a_server_fails() -> None:
    with pytest.raises(NoAnswerError, match="no connection"):
        post(poster([["127.0.0.1", "127.0.0.2"]], ["127.0.0.0/8"]), "http://gone.example:1/")
