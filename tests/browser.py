"""A real browser for tests: Debian's Chromium, which nobody sees."""

import base64
import hashlib
import shutil
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from playwright.sync_api import Browser, sync_playwright

QUIET = [
    "--no-sandbox",  # root has no other way
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@contextmanager
def chromium(*options: str) -> Iterator[Browser]:
    """Start Chromium with these options, too, and end it; without it nothing can be judged.

    While it runs, the event loop of Playwright is that of the thread: no test beside it can have
    one. So a fixture that holds it is no wider than a module.
    """
    found = shutil.which("chromium")
    if found is None:
        pytest.skip("NOT JUDGED: pages need `chromium`, which is not installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=[*QUIET, *options])
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def chromium_that_trusts(address: tuple[str, int]) -> Iterator[Browser]:
    """The same, which takes the certificate at this address by its key, and no other."""
    found = x509.load_pem_x509_certificate(ssl.get_server_certificate(address).encode())
    key = found.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    pin = base64.b64encode(hashlib.sha256(key).digest()).decode()
    with chromium(f"--ignore-certificate-errors-spki-list={pin}") as browser:
        yield browser
