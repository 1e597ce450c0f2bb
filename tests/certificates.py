"""Certificates as an operator has them: from an authority of the test's own, in two files."""

import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

DAY = timedelta(days=1)


def pem(key: ec.EllipticCurvePrivateKey, passphrase: bytes | None = None) -> bytes:
    """A private key as text."""
    kind = BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, kind)


@dataclass
class Authority:
    """Somebody who signs, with a root in `folder`."""

    folder: Path

    def __post_init__(self) -> None:
        self.private_key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "A test's authority")])
        builder = self._builder(self._name, self.private_key.public_key(), timedelta(), 9 * DAY)
        constraints = x509.BasicConstraints(ca=True, path_length=0)
        signed = builder.add_extension(constraints, critical=True).sign(
            self.private_key, hashes.SHA256()
        )
        self.root.write_bytes(signed.public_bytes(Encoding.PEM))

    @property
    def root(self) -> Path:
        """The file that clients trust."""
        return self.folder / "root.pem"

    @property
    def chain(self) -> Path:
        """The file of the last certificate."""
        return self.folder / "chain.pem"

    @property
    def key(self) -> Path:
        """The file of its private key."""
        return self.folder / "key.pem"

    @property
    def options(self) -> tuple[str, ...]:
        """What a server is told to use them."""
        files = ("--certificate", str(self.chain), "--private-key", str(self.key))
        return (*files, "--authority", str(self.root))

    def issue(
        self,
        *names: str,
        begins: timedelta = -DAY,
        ends: timedelta = 90 * DAY,
        passphrase: bytes | None = None,
    ) -> int:
        """Put a new certificate and its key into the two files; return its serial number."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "A test's server")])
        builder = self._builder(subject, key.public_key(), begins, ends)
        hosts = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
        signed = builder.add_extension(hosts, critical=False).sign(
            self.private_key, hashes.SHA256()
        )
        _replace(self.key, pem(key, passphrase))
        _replace(self.chain, signed.public_bytes(Encoding.PEM))
        return signed.serial_number

    def _builder(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePublicKey,
        begins: timedelta,
        ends: timedelta,
    ) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        return x509.CertificateBuilder(
            self._name, subject, key, x509.random_serial_number(), now + begins, now + ends
        )


def _replace(file: Path, content: bytes) -> None:
    """As the tools do it that renew certificates: in one step."""
    new = file.with_suffix(".new")
    new.write_bytes(content)
    os.replace(new, file)
