"""Every way to hand the SDK a key, on a certificate authority that the environment names."""

import dataclasses
import ssl

import grpc
import pytest
from momento import CacheClient, CredentialProvider
from momento.responses import CacheGet, CacheSet, ListCaches

from conformance.python.clients import MINUTE, roomy
from conformance.wire import Wire, secure
from harness import Server

NAMES = ["", "cache.", "control.", "token.", "api.cache.", "web.cache.", "web.control."]
NAMES += ["web.token.", "storage."]


def works(provider: CredentialProvider) -> None:
    """A data call and a control call with this provider both succeed."""
    with CacheClient(roomy(), provider, MINUTE) as client:
        assert isinstance(client.list_caches(), ListCaches.Success)
        assert isinstance(client.set("default-cache", "key", "value"), CacheSet.Success)
        assert client.get("default-cache", "key") == CacheGet.Hit(b"value")


def test_a_v2_key_and_an_endpoint(server: Server) -> None:
    works(CredentialProvider.from_api_key_v2(server.api_key, server.endpoint))


def test_a_v2_key_from_the_environment(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOMENTO_API_KEY", server.api_key)
    monkeypatch.setenv("MOMENTO_ENDPOINT", server.endpoint)

    works(CredentialProvider.from_environment_variables_v2())


def test_a_v1_token(server: Server) -> None:
    with pytest.deprecated_call():
        provider = CredentialProvider.from_string(server.v1_token)

    works(provider)


def test_a_v1_token_from_the_environment(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("V1_API_KEY", server.v1_token)
    with pytest.deprecated_call():
        provider = CredentialProvider.from_environment_variable("V1_API_KEY")

    works(provider)


def test_what_the_first_start_wrote_is_enough(server: Server) -> None:
    written = server.credentials

    works(CredentialProvider.from_api_key_v2(written["api_key"], written["endpoint"]))


def test_the_sdks_own_switch_with_a_key(server: Server) -> None:
    local = CredentialProvider.for_momento_local(*server.http_address)

    works(dataclasses.replace(local, auth_token=server.api_key))


@pytest.mark.parametrize("prefix", NAMES)
def test_the_certificate_is_good_for_every_name(server: Server, prefix: str) -> None:
    """gRPC checks the name; the port is the same for all of them."""
    name = f"{prefix}localhost"
    with secure(server.https_address, server.ca.read_bytes(), name) as channel:
        wire = Wire(channel, server.api_key, "default-cache")

        assert wire.get(b"no-such-key") is None


def test_the_certificate_is_good_for_no_other_name(server: Server) -> None:
    with secure(server.https_address, server.ca.read_bytes(), "cache.example.com") as channel:
        wire = Wire(channel, server.api_key, "default-cache")

        with pytest.raises(grpc.RpcError) as caught:
            wire.get(b"key")

    assert isinstance(caught.value, grpc.Call)
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE


def test_the_authority_is_kept_beside_the_key(server: Server) -> None:
    context = ssl.create_default_context(cafile=server.credentials["ca"])

    assert context.cert_store_stats()["x509_ca"] == 1
