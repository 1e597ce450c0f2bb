"""What is published over any protocol reaches the webhooks of its topic, through a whole server."""

import hmac
from collections import Counter
from collections.abc import Iterator

import httpx
import pytest

from faults.watching import eventually
from harness import Server
from receivers import STALL, Receiver, receiving

HOOK = "/webhooks/default-cache/orders"
TOPIC = "/topics/default-cache/orders"


@pytest.fixture(scope="module")
def hooked() -> Iterator[Server]:
    with Server("--webhook-networks", "127.0.0.0/8") as server:
        yield server


@pytest.fixture
def http(hooked: Server) -> Iterator[httpx.Client]:
    headers = {"authorization": hooked.api_key}
    with httpx.Client(base_url=hooked.http, headers=headers, trust_env=False) as http:
        yield http


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


def hook(http: httpx.Client, receiver: Receiver) -> str:
    """Create a webhook, and return its secret."""
    http.delete(HOOK)
    made = http.put(HOOK, json={"topic": "orders", "url": receiver.url}).raise_for_status()
    return str(made.json()["secret"])


def test_a_message_that_follows_the_answer_is_delivered(
    http: httpx.Client, receiver: Receiver
) -> None:
    secret = hook(http, receiver)
    for number in range(50):
        http.post(TOPIC, content=str(number)).raise_for_status()
    http.post(TOPIC, content=b"\xff")

    got = receiver.wait_for(51)

    assert [each.text for each in got[:50]] == [str(number) for number in range(50)]
    assert got[50].event["binary"] == "/w=="
    signature = hmac.new(secret.encode(), got[0].body, "sha3_256").hexdigest()
    assert got[0].headers["momento-signature"] == signature
    numbers = [each.event["topic_sequence_number"] for each in got]
    assert numbers == list(range(numbers[0], numbers[0] + 51))


def test_a_test_delivery_needs_no_message(http: httpx.Client, receiver: Receiver) -> None:
    hook(http, receiver)

    told = http.post(f"{HOOK}/test").raise_for_status().json()

    assert (told["delivered"], told["status"]) == (True, 200)
    assert http.get(f"{HOOK}/deliveries").json()["deliveries"][0]["message"] == "test"


def test_the_metrics_tell_of_deliveries(
    hooked: Server, http: httpx.Client, receiver: Receiver
) -> None:
    before = told(hooked)
    hook(http, receiver)
    http.post(TOPIC, content="one").raise_for_status()
    receiver.wait_for(1)

    eventually(lambda: told(hooked)['{result="delivered"}'] > before['{result="delivered"}'], "it")
    assert told(hooked)['{state="active"}'] >= 1


def told(server: Server) -> Counter[str]:
    """What the metrics say of webhooks and deliveries, by label."""
    lines = httpx.get(f"{server.http}/metrics", trust_env=False).text.splitlines()
    found: Counter[str] = Counter()
    for line in lines:
        if line.startswith(("attimo_webhooks{", "attimo_webhook_deliveries_total{")):
            name, value = line.split()
            found[name[name.index("{") :]] = int(value)
    return found


def test_a_receiver_that_redirects_fails_stalls_and_goes_away_gets_all_in_order_once_it_is_back(
    http: httpx.Client,
) -> None:
    texts = [str(number) for number in range(5)]
    with receiving() as elsewhere, receiving() as receiver:
        receiver.answers = [
            (307, {"location": elsewhere.url}),
            (503, {"retry-after": "1"}),
            (STALL, {}),
        ]
        hook(http, receiver)
        for text in texts:
            http.post(TOPIC, content=text).raise_for_status()
        tries = receiver.wait_for(3)
    with receiving(receiver.port) as back:
        got = back.wait_for(5)

    assert [each.text for each in (*tries, *got)] == ["0", "0", "0", *texts]
    assert {each.headers["webhook-id"] for each in tries} == {got[0].headers["webhook-id"]}
    assert elsewhere.got == []


def test_a_receiver_that_is_gone_gets_nothing_until_the_webhook_is_put_again(
    http: httpx.Client, receiver: Receiver
) -> None:
    hook(http, receiver)
    receiver.answers = [(410, {})]
    http.post(TOPIC, content="one").raise_for_status()
    eventually(lambda: http.get(HOOK).json()["state"] == "disabled", "the webhook is disabled")
    http.post(TOPIC, content="two").raise_for_status()
    eventually(lambda: http.get(HOOK).json()["dropped"] == 1, "it is not kept for the webhook")

    put = {"topic": "orders", "url": receiver.url}
    http.put(HOOK, json=put).raise_for_status()
    http.post(f"{HOOK}/redeliver").raise_for_status()
    http.post(TOPIC, content="three").raise_for_status()

    assert [each.text for each in receiver.wait_for(3)] == ["one", "one", "three"]


def test_after_the_delete_nothing_is_delivered(http: httpx.Client, receiver: Receiver) -> None:
    hook(http, receiver)
    http.delete(HOOK).raise_for_status()
    http.post(TOPIC, content="after")
    hook(http, receiver)
    http.post(TOPIC, content="again")

    receiver.wait_for(1)

    assert receiver.texts() == ["again"]


def test_a_server_without_networks_refuses_loopback(server: Server, receiver: Receiver) -> None:
    headers = {"authorization": server.api_key}
    with httpx.Client(base_url=server.http, headers=headers, trust_env=False) as http:
        hook(http, receiver)
        told = http.post(f"{HOOK}/test").raise_for_status().json()
        http.delete(HOOK)

    assert told["error"] == "127.0.0.1 has an address that is not public"
    assert receiver.got == []
