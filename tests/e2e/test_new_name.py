"""A server that moves to a new name answers to both, as docs/how-to/move-to-a-new-name.md says."""

import base64
import json
import socket
import ssl
import subprocess
from pathlib import Path

import httpx
import pytest

from attimo.certificates.names import names
from docs.typed import DOCS, blocks
from harness import Server, as_v1

OLD, NEW = "cache.old.example", "cache.new.example"
PAGE = DOCS / "how-to" / "move-to-a-new-name.md"


def is_trusted(server: Server, name: str) -> bool:
    """Whether a client that uses this name, and trusts the server's root, connects."""
    context = ssl.create_default_context(cafile=server.ca)
    with socket.create_connection(server.https_address) as plain:
        try:
            context.wrap_socket(plain, server_hostname=name).close()
        except ssl.SSLCertVerificationError:
            return False
    return True


def test_both_names_are_served_with_the_same_keys_and_the_same_root(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with Server("--endpoint", OLD, data_dir=data) as before:
        key, root = before.api_key, before.ca.read_text()
        assert (is_trusted(before, OLD), is_trusted(before, NEW)) == (True, False)

    with Server("--endpoint", NEW, "--also-endpoint", OLD, data_dir=data) as both:
        assert {name: is_trusted(both, name) for name in names(OLD, NEW)} == dict.fromkeys(
            names(OLD, NEW), True
        )
        assert (both.api_key, both.ca.read_text()) == (key, root)
        for token in (key, as_v1(key, OLD), as_v1(key, NEW)):
            answer = httpx.get(f"{both.http}/caches", headers={"authorization": token})
            assert answer.status_code == 200
        assert both.credentials["endpoint"].partition(":")[0] == NEW

    with Server("--endpoint", NEW, data_dir=data) as after:
        assert (is_trusted(after, OLD), is_trusted(after, NEW)) == (False, True)


def test_a_token_is_wrapped_again_as_the_page_says(tmp_path: Path) -> None:
    (recipe,) = [each.typed for each in blocks(PAGE) if "rename()" in each.typed]
    function = recipe.splitlines()[0]
    line = f"{function}\nrename '{as_v1('a.key', OLD)}' {OLD} {NEW}"

    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=True)

    assert json.loads(base64.b64decode(done.stdout)) == {"endpoint": NEW, "api_key": "a.key"}


@pytest.mark.parametrize("name", ["cache.example.com:443", "10.0.0.7", "a..b", ""])
def test_a_further_name_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(RuntimeError, match="--also-endpoint"), Server("--also-endpoint", name):
        pass
