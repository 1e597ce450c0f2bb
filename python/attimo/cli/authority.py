"""attimo ca: the root certificate that clients must trust, and how to set up each client."""

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
The root's SHA-256 fingerprint, to pass on over a channel you trust:
  {fingerprint}
On another machine, this command fetches the same file and rejects any other:
  attimo ca --url {url} --fingerprint {fingerprint} > ca.pem

curl            curl --cacert {file} {url}/health
Momento's SDKs  for Python, Node.js and others built on gRPC's C library:
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
    how: Annotated[bool, typer.Option("--how", help="Show the setup for each client.")] = False,
    url: Annotated[
        str | None, typer.Option(help="Server on another machine; needs --fingerprint.")
    ] = None,
    fingerprint: Annotated[
        str | None,
        typer.Option(help="SHA-256 fingerprint that the root certificate must have."),
    ] = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Print the root certificate that clients must trust, in PEM: attimo ca > ca.pem"""
    file, url, pem = _elsewhere(url, fingerprint) if url else _here(data_dir)
    found = _fingerprint(pem)
    if fingerprint and _plain(fingerprint) != _plain(found):
        raise AttimoError(f"The root has a different fingerprint, {found}. Do not trust it.")
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
            f"There is no server in {home.path}. Start one with `attimo serve`, "
            "or pass --url and --fingerprint for another"
        )
    if not credentials.https:
        raise Misconfigured(
            f"The server of {home.path} does not use TLS: there is nothing to trust"
        )
    if not credentials.ca:
        raise Misconfigured(
            f"The server of {home.path} has a certificate that clients already trust"
        )
    return credentials.ca, credentials.https, pair.text(Path(credentials.ca))


def _elsewhere(url: str, fingerprint: str | None) -> tuple[str, str, str]:
    """The root of a server that this machine does not trust yet."""
    import httpx

    if fingerprint is None:
        raise Misconfigured(
            "A certificate fetched over the network can't be trusted by itself. Pass "
            "--fingerprint; get it by running `attimo ca --how` on the server"
        )
    url = url.rstrip("/")
    try:
        # Anyone may answer: the certificate is accepted only if it has the fingerprint.
        answer = httpx.get(
            f"{url}/ca.pem",
            verify=False,  # noqa: S501
            timeout=TIMEOUT_SECONDS,
            trust_env=False,
        )
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise AttimoError(f"Cannot reach {url}: {error}") from error
    if not answer.is_success:
        raise AttimoError(f"{url} offers no root certificate (status {answer.status_code})")
    return SAVED, url, answer.text


def _fingerprint(pem: str) -> str:
    try:
        certificate = ssl.PEM_cert_to_DER_cert(pem[pem.index(ssl.PEM_HEADER) :].strip())
    except ValueError as error:
        raise AttimoError("The answer is not a certificate in PEM") from error
    return hashlib.sha256(certificate).digest().hex(":").upper()


def _plain(fingerprint: str) -> str:
    return fingerprint.lower().replace(":", "").removeprefix("sha256=").strip()
