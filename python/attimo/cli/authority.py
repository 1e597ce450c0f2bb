"""attimo ca: the root certificate that clients must trust, and how to set up each client."""

import sys
from pathlib import Path
from typing import Any

from attimo.cli import homes, trust
from attimo.cli.command import command
from attimo.cli.options import option
from attimo.cli.shapes import Column, Shape, View
from attimo.cli.target import data_dir_option
from attimo.errors import Misconfigured, Unreachable

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


class _Certificate(Shape):
    """The certificate, or how to use it."""

    def text(self, answer: Any, view: View) -> None:
        """Print it."""
        if answer["how"]:
            print(HOW.format(url=answer["url"], fingerprint=answer["sha256"], file=answer["file"]))
        else:
            sys.stdout.write(answer["certificate"])


@command(
    shape=_Certificate(Column("certificate"), Column("sha256"), Column("url")),
    examples=["attimo ca > ca.pem", "attimo ca --how"],
)
@option("--how", is_flag=True, help="Show the setup for each client.")
@option("--url", help="Server on another machine; needs --fingerprint.")
@option("--fingerprint", help="SHA-256 fingerprint that the root certificate must have.")
@data_dir_option
def ca(
    how: bool, url: str | None, fingerprint: str | None, data_dir: Path | None
) -> dict[str, Any]:
    """Print the root certificate that clients must trust, in PEM."""
    file, url, pem = _elsewhere(url, fingerprint) if url else _here(data_dir)
    found = trust.fingerprint(pem)
    if fingerprint:
        trust.check(pem, fingerprint)
    return {"certificate": pem, "sha256": found, "url": url, "file": file, "how": how}


def _here(data_dir: Path | None) -> tuple[str, str, str]:
    """The root of the server on this machine, whether it runs or not."""
    from attimo.certificates import pair

    home = homes.directory(data_dir)
    credentials = home.credentials()
    if credentials is None:
        raise Unreachable(
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
    if fingerprint is None:
        raise Misconfigured(
            "A certificate fetched over the network can't be trusted by itself. Pass "
            "--fingerprint; get it by running `attimo ca --how` on the server"
        )
    url = url.rstrip("/")
    # Anyone may answer: the certificate is accepted only if it has the fingerprint.
    return SAVED, url, trust.fetched(url)
