"""attimo ca: the root certificate that clients have to trust, and how each of them is told."""

import hashlib
import ssl
import sys
from pathlib import Path
from typing import Annotated

import typer

from attimo.certificates import pair
from attimo.cli.output import Json, print_json
from attimo.cli.target import DataDir, local_directory
from attimo.errors import AttimoError, Misconfigured

TIMEOUT_SECONDS = 30
SAVED = "ca.pem"

HOW = """\
The root's SHA-256 fingerprint, to tell others by another way:
  {fingerprint}
On another machine this gives the same file, and refuses any other:
  attimo ca --url {url} --fingerprint {fingerprint} > ca.pem

curl            curl --cacert {file} {url}/health
Momento's SDKs  for Python, Node.js and others by gRPC's C library:
                export GRPC_DEFAULT_SSL_ROOTS_FILE_PATH={file}
Node.js         export NODE_EXTRA_CA_CERTS={file}
Python          export SSL_CERT_FILE={file} REQUESTS_CA_BUNDLE={file}
Go              export SSL_CERT_FILE={file}
Java            keytool -importcert -noprompt -alias attimo -file {file} \\
                  -keystore trust.p12 -storetype PKCS12 -storepass changeit
                java -Djavax.net.ssl.trustStore=trust.p12 \\
                  -Djavax.net.ssl.trustStorePassword=changeit …

For every program on a machine:
Debian, Ubuntu  cp {file} /usr/local/share/ca-certificates/attimo.crt && update-ca-certificates
Fedora          cp {file} /etc/pki/ca-trust/source/anchors/attimo.pem && update-ca-trust
macOS           security add-trusted-cert -d -r trustRoot \\
                  -k /Library/Keychains/System.keychain {file}
Windows         certutil -addstore Root {file}
Browsers        Firefox, and Chromium on Linux, keep a list of their own:
                Settings, Privacy and security, Certificates, Authorities, Import"""


def ca(
    how: Annotated[bool, typer.Option("--how", help="Say how each client is told.")] = False,
    url: Annotated[
        str | None, typer.Option(help="Ask a server elsewhere; takes --fingerprint.")
    ] = None,
    fingerprint: Annotated[
        str | None,
        typer.Option(help="The root's SHA-256, by which a root from elsewhere is known."),
    ] = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Print the root certificate that clients must trust, in PEM: attimo ca > ca.pem"""
    file, url, pem = _elsewhere(url, fingerprint) if url else _here(data_dir)
    found = _fingerprint(pem)
    if fingerprint and _plain(fingerprint) != _plain(found):
        raise AttimoError(f"the root has another fingerprint: {found}; do not trust it")
    if as_json:
        print_json({"certificate": pem, "sha256": found, "url": url})
    elif how:
        print(HOW.format(file=file, url=url, fingerprint=found))
    else:
        sys.stdout.write(pem)


def _here(data_dir: Path | None) -> tuple[str, str, str]:
    """The root of the server on this machine, whether it runs or not."""
    home = local_directory(data_dir)
    credentials = home.credentials()
    if credentials is None:
        raise Misconfigured(
            f"there is no server in {home.path}; start one with `attimo serve`, "
            "or name another with --url and --fingerprint"
        )
    if not credentials.https:
        raise Misconfigured(f"the server of {home.path} speaks no TLS: there is nothing to trust")
    if not credentials.ca:
        raise Misconfigured(
            f"the server of {home.path} has a certificate that clients trust already"
        )
    return credentials.ca, credentials.https, pair.text(Path(credentials.ca))


def _elsewhere(url: str, fingerprint: str | None) -> tuple[str, str, str]:
    """The root of a server that this machine does not trust yet."""
    import httpx

    if fingerprint is None:
        raise Misconfigured(
            "a root that came over the network proves nothing; say --fingerprint, which "
            "`attimo ca --how` tells on the server's machine"
        )
    url = url.rstrip("/")
    try:
        # Whoever answers: what they say is taken only if it has the fingerprint.
        answer = httpx.get(
            f"{url}/ca.pem",
            verify=False,  # noqa: S501
            timeout=TIMEOUT_SECONDS,
            trust_env=False,
        )
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise AttimoError(f"{url} cannot be reached: {error}") from error
    if not answer.is_success:
        raise AttimoError(f"{url} has no root to show (status {answer.status_code})")
    return SAVED, url, answer.text


def _fingerprint(pem: str) -> str:
    try:
        certificate = ssl.PEM_cert_to_DER_cert(pem[pem.index(ssl.PEM_HEADER) :].strip())
    except ValueError as error:
        raise AttimoError("this is no certificate in PEM") from error
    return hashlib.sha256(certificate).digest().hex(":").upper()


def _plain(fingerprint: str) -> str:
    return fingerprint.lower().replace(":", "").removeprefix("sha256=").strip()
