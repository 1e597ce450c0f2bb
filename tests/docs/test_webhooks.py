"""The receivers in the docs accept what the server signs, and nothing else."""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from attimo.webhooks import signatures
from ports import free_port

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "webhooks.md").read_text()
BODY = b'{"topic_sequence_number":17,"text":"paid"}'
SECRET = signatures.new_secret()


def block(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None
    return found[1]


@pytest.fixture
def receiver() -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
    port = free_port()
    program = block("python").replace("8000", str(port))
    with subprocess.Popen(
        [sys.executable, "-u", "-c", program],
        env=os.environ | {"WEBHOOK_SECRET": SECRET},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        yield f"http://127.0.0.1:{port}/", process
        process.kill()


def post(url: str, headers: dict[str, str], body: bytes) -> int:
    deadline = time.monotonic() + 20
    while True:
        try:
            return httpx.post(url, headers=headers, content=body, trust_env=False).status_code
        except httpx.ConnectError:
            assert time.monotonic() < deadline


def test_the_receiver_in_python_verifies_and_skips_what_it_has(
    receiver: tuple[str, "subprocess.Popen[str]"],
) -> None:
    url, process = receiver
    headers = signatures.headers([SECRET], "7-17", int(time.time()), BODY)

    assert [post(url, headers, body) for body in (BODY + b" ", BODY, BODY)] == [401, 204, 204]
    process.kill()
    assert process.stdout is not None
    assert process.stdout.read() == "17 paid\n"


def test_the_function_for_node_verifies_momentos_signature() -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("NOT JUDGED: `node` is not installed")
    signature = signatures.headers([SECRET], "7-17", 0, BODY)["momento-signature"]
    asked = f"isGenuine({BODY.decode()!r}, '{signature}', '{SECRET}')"
    other = f"isGenuine('{{}}', '{signature}', '{SECRET}')"
    program = f"{block('js')}\nconsole.log({asked}, {other}, isGenuine('{{}}', '', ''));"

    done = subprocess.run(
        [node, "--input-type=module", "-e", program], capture_output=True, text=True, check=True
    )

    assert done.stdout == "true false false\n"
