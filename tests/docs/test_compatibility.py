"""Every method on the wire has a row and a route, and every client's method a test."""

import contextlib
import re
from pathlib import Path
from typing import Any

import grpc
import pytest
from momento import AuthClient, CacheClient, TopicClient

from docs.generator import generator
from harness import Server

ROOT = Path(__file__).parents[2]
CONFORMANCE = ROOT / "tests" / "conformance"
PAGE = ROOT / "docs" / "reference" / "compatibility.md"
SOURCES = {
    "python": ["*.py"],
    "javascript": ["*.mjs"],
    "web": ["*.mjs", "../javascript/*.mjs"],
    "go": ["*.go"],
    "java": ["*.java"],
    "rust": ["*.rs"],
}
WIRE = generator()
CLIENTS = WIRE.clients()


@pytest.fixture(scope="module")
def channel(server: Server) -> Any:
    """A plaintext channel to the server."""
    host, port = server.http_address
    with grpc.insecure_channel(f"{host}:{port}") as channel:
        yield channel


def named(names: dict[str, str | None]) -> set[str]:
    """The names of a client's methods that Attimo serves."""
    return {
        name
        for method, several in names.items()
        if several is not None and WIRE.served(method)
        for name in several.split(", ")
    }


def test_the_descriptors_have_all_their_methods() -> None:
    counted = [
        sum(each.startswith(f"{name}/") for each in WIRE.methods()) for name in WIRE.SERVICES
    ]

    assert counted == [47, 8, 2, 10, 1, 3, 1, 5]


def test_every_method_has_a_row() -> None:
    page = PAGE.read_text()
    names = [method.split("/")[1] for method in WIRE.methods()]

    assert [name for name in names if f"| `{name}` |" not in page] == []


def test_a_method_is_answered_if_the_page_says_so(server: Server, channel: grpc.Channel) -> None:
    """An empty request may be refused, but not as one that nobody knows."""
    metadata = (("authorization", server.api_key), ("cache", "default-cache"))
    wrong = {}
    for method in WIRE.methods():
        call: Any = channel.unary_stream(f"/{method}")
        answer = call(b"", metadata=metadata, timeout=20)
        with contextlib.suppress(grpc.RpcError):
            list(answer)
        if (answer.code() is not grpc.StatusCode.UNIMPLEMENTED) is not WIRE.served(method):
            wrong[method] = answer.code()

    assert wrong == {}


@pytest.mark.parametrize("language", CLIENTS)
def test_a_client_names_methods_that_exist(language: str) -> None:
    assert set(CLIENTS[language]) <= set(WIRE.methods())


@pytest.mark.parametrize("language", ["python", "javascript", "web"])
def test_a_client_says_for_every_method_whether_it_has_it(language: str) -> None:
    assert list(CLIENTS[language]) == WIRE.methods()


def test_the_python_client_has_the_methods_that_the_page_says() -> None:
    names = {name for each in CLIENTS["python"].values() if each for name in each.split(", ")}

    has = {*dir(CacheClient), *dir(TopicClient), *dir(AuthClient)}
    assert names - has == set()


@pytest.mark.parametrize("language", CLIENTS)
def test_every_method_of_a_client_is_called_by_a_test(language: str) -> None:
    folder = CONFORMANCE / language
    files = [file for pattern in SOURCES[language] for file in folder.rglob(pattern)]
    own = [file for file in files if not {"node_modules", "target"} & set(file.parts)]
    words = set(re.findall(r"\w+", "\n".join(file.read_text() for file in own)))

    assert named(CLIENTS[language]) - words == set()
