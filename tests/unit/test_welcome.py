"""What a new server tells its owner to type works where it listens."""

import pytest

from attimo.data_directory import Credentials
from attimo.serve import addresses, banner
from attimo.settings.listeners import Listener, listeners

SDKS = ["# Python", "# Node.js"]


def welcomed(text: str) -> str:
    """What a server with these listeners says."""
    asked: list[Listener] = list(listeners(text))
    running = addresses.running("cache.example", asked)
    credentials = Credentials(
        endpoint=running.endpoint,
        api_key="key",
        http=f"http://{running.http}" if running.http else None,
        https=f"https://{running.endpoint}" if running.https else None,
        ca="/ca.pem",
        account_id=1,
        cache="default-cache",
    )
    keys = banner.key_shown(credentials)
    return banner.welcome(credentials, addresses.at_endpoint(asked), keys, is_first=True)


@pytest.mark.parametrize(
    ("listening", "at"),
    [
        ("http://127.0.0.1:1", "http://127.0.0.1:1"),
        ("http://127.0.0.1:1?only=http", "http://127.0.0.1:1"),
        (
            "http://127.0.0.1:1?only=grpc,web,health,http://127.0.0.1:2?only=http",
            "http://127.0.0.1:2",
        ),
        ("http://127.0.0.1:1?only=grpc,https://127.0.0.1:2", "https://cache.example:2"),
        ("https://127.0.0.1:2?only=http", "https://cache.example:2"),
        ("http://127.0.0.1:1?only=grpc", None),
        ("http://127.0.0.1:1?only=web", None),
        ("http://127.0.0.1:1?only=health", None),
        ("https://127.0.0.1:2?only=grpc", None),
    ],
)
def test_curl_is_shown_where_plain_http_is_served(listening: str, at: str | None) -> None:
    said = welcomed(listening)

    assert ("curl " in said) is (at is not None)
    assert f"{at}/cache/default-cache" in said or at is None
    assert "export ATTIMO_TOKEN=key" in said


@pytest.mark.parametrize(
    ("listening", "shown"),
    [
        ("https://127.0.0.1:2", True),
        ("https://127.0.0.1:2?only=grpc", True),
        ("https://127.0.0.1:2?only=http", False),
        ("https://127.0.0.1:2?only=web,http", False),
        ("https://127.0.0.1:2?only=health", False),
        ("http://127.0.0.1:1", False),
    ],
)
def test_sdks_are_shown_where_they_are_served_with_tls(listening: str, shown: bool) -> None:
    said = welcomed(listening)

    assert [sdk in said for sdk in SDKS] == [shown, shown]


@pytest.mark.parametrize(
    ("listening", "at"),
    [
        ("http://127.0.0.1:1,https://127.0.0.1:2", "http://127.0.0.1:1/console/"),
        ("http+insecure://0.0.0.0:1", "http://127.0.0.1:1/console/"),
        ("https://127.0.0.1:2", "https://cache.example:2/console/"),
        ("https://127.0.0.1:2?only=grpc", None),
        ("http://127.0.0.1:1?only=grpc", None),
    ],
)
def test_the_console_is_named_where_plain_http_is_served(listening: str, at: str | None) -> None:
    asked: list[Listener] = list(listeners(listening))

    assert banner.console(addresses.running("cache.example", asked)) == at
