"""Trust in a server that signs its own certificate: its root, known by its fingerprint."""

import hashlib
import ssl
import sys

import click

from attimo.cli.connection import NOT_TRUSTED, Connection
from attimo.cli.profiles import Profile
from attimo.errors import AttimoError, Misconfigured, NotFound, PermissionDenied, Unreachable


def fetched(url: str) -> str:
    """The root certificate that a server offers, in PEM; anybody may have answered.

    Raises:
        NotFound: It offers none.
        Unreachable: There was no answer.
    """
    connection = Connection(Profile(url, ""), verify=False)
    answer = connection.request("GET", "/ca.pem")
    connection.close()
    if answer.status != 200:
        raise NotFound(f"{url} offers no root certificate (status {answer.status})")
    return answer.text


def fingerprint(pem: str) -> str:
    """The SHA-256 fingerprint of a certificate in PEM.

    Raises:
        PermissionDenied: It is no certificate.
    """
    try:
        certificate = ssl.PEM_cert_to_DER_cert(pem[pem.index(ssl.PEM_HEADER) :].strip())
    except ValueError as error:
        raise PermissionDenied("The answer is not a certificate in PEM") from error
    return hashlib.sha256(certificate).digest().hex(":").upper()


def check(pem: str, expected: str) -> None:
    """Refuse a root whose fingerprint is another one.

    Raises:
        PermissionDenied: It is.
    """
    found = fingerprint(pem)
    if _plain(expected) != _plain(found):
        raise PermissionDenied(f"The root has a different fingerprint, {found}. Do not trust it.")


def root_of(url: str, expected: str | None) -> str | None:
    """The root to trust for a server, in PEM; None where this machine trusts it already.

    On a terminal, a person compares the fingerprint.

    Raises:
        Unreachable: There was no answer.
        Misconfigured: Nobody can compare the fingerprint, and none was given.
        PermissionDenied: It is another one.
        AttimoError: The person does not trust it.
    """
    if not url.startswith("https:") or _is_trusted(url):
        return None
    if expected is None and not sys.stdin.isatty():
        raise Misconfigured(
            f"The issuer of the certificate of {url} is not trusted here. Pass --fingerprint; get "
            "it by running `attimo ca --how` on the server"
        )
    pem = fetched(url)
    if expected is None:
        _ask(url, fingerprint(pem))
    else:
        check(pem, expected)
    return pem


def _is_trusted(url: str) -> bool:
    connection = Connection(Profile(url, ""))
    try:
        connection.request("GET", "/health")
    except Unreachable as error:
        if getattr(error.__cause__, "verify_code", None) in NOT_TRUSTED:
            return False
        raise
    finally:
        connection.close()
    return True


def _ask(url: str, found: str) -> None:
    print(
        f"The root certificate of {url} is not known here. Its fingerprint is:\n  {found}\n"
        "Run `attimo ca --how` on the server to see the right one.",
        file=sys.stderr,
    )
    if not click.confirm("Is it the same?", err=True):
        raise AttimoError("Not trusted: nothing was changed")


def _plain(fingerprint: str) -> str:
    return fingerprint.lower().replace(":", "").removeprefix("sha256=").strip()
