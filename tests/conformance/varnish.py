"""A shared cache, as Debian has it: Varnish with its own rules, in front of a server for tests."""

import contextlib
import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from harness import STOP_LIMIT_SECONDS, Server
from ports import free_port

PATH = os.environ.get("PATH", "") + ":/usr/sbin"
PROGRAM = shutil.which("varnishd", path=PATH)

needs_varnish = pytest.mark.skipif(PROGRAM is None, reason="make conformance installs varnish")


@contextmanager
def varnish(server: Server) -> Iterator[str]:
    """Run the cache; tells the address at which it hands requests on."""
    port = free_port()
    host, at = server.http_address
    with tempfile.TemporaryDirectory(prefix="varnish-") as room:
        words = [str(PROGRAM), "-F", "-j", "none", "-n", room, "-s", "default,16M"]
        words += ["-a", f"127.0.0.1:{port}", "-b", f"{host}:{at}"]
        process = subprocess.Popen(
            words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env={"PATH": PATH}
        )
        try:
            _wait_until_it_serves(process)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(STOP_LIMIT_SECONDS)
            process.kill()
            process.communicate()


def _wait_until_it_serves(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        said.append(line)
        if "said Child starts" in line:
            threading.Thread(target=process.stdout.read, daemon=True).start()
            return
    raise RuntimeError("varnishd did not start. It said:\n" + "".join(said))
