"""A webhook from the command line: from its creation over failures to what is delivered again."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook

from e2e.terminal import Terminal
from faults.watching import eventually
from harness import Server
from receivers import Receiver, receiving

HOOK = ("default-cache", "orders")


@pytest.fixture(scope="module")
def hooked() -> Iterator[Server]:
    with Server("--webhook-networks", "127.0.0.0/8") as server:
        yield server


@pytest.fixture
def terminal(hooked: Server, tmp_path: Path) -> Terminal:
    return Terminal(tmp_path, {"ATTIMO_DATA_DIR": str(hooked.data_dir)})


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


def told(terminal: Terminal, *words: str) -> Any:
    """What a command says of the webhook, in JSON."""
    return json.loads(terminal.do("webhook", *words, *HOOK, "--json"))


def test_a_webhook_is_set_fails_and_delivers_again(
    terminal: Terminal, hooked: Server, receiver: Receiver
) -> None:
    to = ("--topic", "orders", "--to", receiver.url)
    secret = terminal.do("webhook", "set", *HOOK, *to).strip()
    terminal.do("topic", "publish", "orders", "one")
    receiver.wait_for(1)
    assert Webhook(secret).verify(receiver.got[0].body, receiver.got[0].headers)["text"] == "one"

    receiver.status = 410
    terminal.do("topic", "publish", "orders", "two")
    eventually(lambda: told(terminal, "show")["state"] == "disabled", "its receiver is gone")
    [letter] = told(terminal, "dead-letters")["items"]
    assert letter["reason"] == "the receiver answered 410 Gone"
    refused = terminal.type("webhook", "redeliver", *HOOK)
    assert (refused.status, refused.error) == (
        6,
        "attimo: The webhook orders is disabled; set it again first\n",
    )

    receiver.status = 200
    hooked.stop()
    hooked.start()
    terminal.do("webhook", "set", *HOOK, *to)
    answer = terminal.type("webhook", "redeliver", *HOOK, "--from", letter["message"])
    assert answer.error == "Delivering 1 message once more.\n"
    assert [each.text for each in receiver.wait_for(3)] == ["one", "two", "two"]
    eventually(lambda: len(told(terminal, "deliveries")["items"]) == 3, "all are in the log")
    log = told(terminal, "deliveries")["items"]
    assert [each["status"] for each in log] == [200, 410, 200]


def test_what_is_wrong_is_said_in_one_line(terminal: Terminal) -> None:
    terminal.do("webhook", "set", *HOOK, "--topic", "orders", "--to", "https://example.com/")
    cases = {
        ("show", "default-cache", "none"): (4, "attimo webhook list"),
        ("set", "none", "a", "--topic", "t", "--to", "http://a.example"): (4, "attimo cache list"),
        ("set", "default-cache", "a/b", "--topic", "t", "--to", "http://a.example"): (2, "'a/b'"),
        ("set", "default-cache", "a", "--topic", "t", "--to", "ftp://a"): (2, "url must be an"),
        ("set", "default-cache", "a", "--topic", "", "--to", "http://a"): (2, "topic must have 1"),
        ("deliveries", *HOOK, "--limit", "0"): (2, "--limit"),
        ("dead-letters", *HOOK, "--limit", "-1"): (2, "--limit"),
        ("rotate-secret", *HOOK, "--keep-old", "9d"): (2, "must be 0s to 7d"),
        ("redeliver", *HOOK, "--from", "abc"): (2, "must be the ID of a message"),
    }
    wrong = []
    for words, (status, text) in cases.items():
        answer = terminal.type("webhook", *words)
        if answer.status != status or text not in answer.error or answer.error.count("\n") != 1:
            wrong.append((words, answer))
    assert wrong == []
