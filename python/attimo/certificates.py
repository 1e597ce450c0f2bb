"""The server's own certificate authority, and the certificate it signs for an endpoint.

The authority is made once and stays, so that clients trust it once. The server certificate is made
again when the endpoint changes or its end comes near. What a certificate is for stands in plain
lines above it in `server.pem` (PEM allows that), so a usual start reads a few lines and does not
load the library. A `server.pem` without those lines is the operator's own, and is left alone.
"""

import hashlib
import ipaddress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from attimo import files

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec

PREFIXES = (
    "cache",
    "control",
    "token",
    "api.cache",
    "web.cache",
    "web.control",
    "web.token",
    "storage",
)
"""The hosts that the official clients derive from an endpoint."""

AUTHORITY_LIVES = timedelta(days=20 * 365)
SERVER_LIVES = timedelta(days=825)  # the most that Apple's clients accept
RENEW_BEFORE_END = timedelta(days=90)
SKEW = timedelta(days=1)  # a client whose clock is behind

_HEADING = "Attimo server certificate"
_BEGIN = "-----BEGIN CERTIFICATE-----"
_READABLE = 0o644


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a listener needs: a chain of certificates and the key of the first, both PEM."""

    chain: str
    private_key: str = field(repr=False)


def ensure(folder: Path, endpoint: str, now: datetime | None = None) -> Certificate:
    """The certificate for `endpoint` in `folder`, made or renewed if need be.

    Raises:
        FileNotFoundError: A new certificate is due, but the authority's key was taken away.
        OSError: A file cannot be read or written.
    """
    now = now or datetime.now(UTC)
    authority = files.read(folder / "ca.pem")
    server = files.read(folder / "server.pem")
    key = files.read(folder / "server.key")
    if server and key:
        facts = _facts(server)
        if not facts or (authority and _still_good(facts, endpoint, authority, key, now)):
            return Certificate(_without_facts(server), key)
    return _issue(folder, endpoint, now)


def names(endpoint: str) -> list[str]:
    """Every name and address that a client may use for `endpoint`."""
    if _is_address(endpoint):
        return [endpoint]
    derived = [endpoint, *(f"{prefix}.{endpoint}" for prefix in PREFIXES)]
    return [*derived, "127.0.0.1", "::1"] if endpoint == "localhost" else derived


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _facts(pem: str) -> dict[str, str]:
    """What the lines above the first certificate say; empty if they are not ours."""
    heading, *lines = pem.partition(_BEGIN)[0].splitlines() or [""]
    if heading != _HEADING:
        return {}
    return dict(line.split(": ", 1) for line in lines if ": " in line)


def _without_facts(pem: str) -> str:
    return "".join(pem.partition(_BEGIN)[1:])


def _still_good(
    facts: dict[str, str], endpoint: str, authority: str, key: str, now: datetime
) -> bool:
    try:
        renewal = datetime.fromisoformat(facts["renew after"])
    except (KeyError, ValueError):
        return False
    same = {"endpoint": endpoint, "authority": _digest(authority), "key": _digest(key)}
    return now < renewal and all(facts.get(name) == value for name, value in same.items())


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _issue(folder: Path, endpoint: str, now: datetime) -> Certificate:
    """Write a new server certificate, and before it the authority if there is none."""
    from cryptography.hazmat.primitives.asymmetric import ec

    authority, authority_key = _authority(folder, now)
    private_key = ec.generate_private_key(ec.SECP256R1())
    signed = _sign_server(endpoint, private_key, authority, authority_key, now)

    key, ca = _key_pem(private_key), _pem(authority)
    facts = {
        "endpoint": endpoint,
        "renew after": (signed.not_valid_after_utc - RENEW_BEFORE_END).isoformat(),
        "authority": _digest(ca),
        "key": _digest(key),
    }
    lines = [_HEADING, *(f"{name}: {value}" for name, value in facts.items())]
    chain = _pem(signed) + ca
    files.write(folder / "server.key", key)
    files.write(folder / "server.pem", "\n".join(lines) + "\n" + chain, _READABLE)
    return Certificate(chain, key)


def _authority(
    folder: Path, now: datetime
) -> "tuple[x509.Certificate, ec.EllipticCurvePrivateKey]":
    """The certificate authority of this folder; a new one only where none was ever used."""
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    pem, key_pem = files.read(folder / "ca.pem"), files.read(folder / "ca.key")
    if pem is None:
        return _new_authority(folder, now)
    if key_pem is None:
        raise FileNotFoundError(
            f"{folder / 'ca.key'} is missing, and a new server certificate has to be signed with it"
        )
    key = serialization.load_pem_private_key(key_pem.encode(), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ValueError(f"{folder / 'ca.key'} is not the key of an elliptic curve")
    return x509.load_pem_x509_certificate(pem.encode()), key


def _new_authority(
    folder: Path, now: datetime
) -> "tuple[x509.Certificate, ec.EllipticCurvePrivateKey]":
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    # A name of its own, so that a client may trust the authorities of several servers at once.
    title = f"Attimo CA {identifier.digest.hex()[:8]}"
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, title)])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - SKEW)
        .not_valid_after(now + AUTHORITY_LIVES)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(identifier, critical=False)
        .sign(key, hashes.SHA256())
    )
    # The key first: a crash between the two leaves no authority that cannot sign.
    files.write(folder / "ca.key", _key_pem(key))
    files.write(folder / "ca.pem", _pem(certificate), _READABLE)
    return certificate, key


def _sign_server(
    endpoint: str,
    key: "ec.EllipticCurvePrivateKey",
    authority: "x509.Certificate",
    authority_key: "ec.EllipticCurvePrivateKey",
    now: datetime,
) -> "x509.Certificate":
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Attimo server")])
    issuer = authority.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return (
        x509.CertificateBuilder(
            authority.subject, subject, key.public_key(), x509.random_serial_number()
        )
        .not_valid_before(now - SKEW)
        .not_valid_after(min(now + SERVER_LIVES, authority.not_valid_after_utc))
        .add_extension(x509.SubjectAlternativeName(_alternatives(endpoint)), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(issuer), critical=False
        )
        .sign(authority_key, hashes.SHA256())
    )


def _alternatives(endpoint: str) -> "list[x509.GeneralName]":
    from cryptography import x509

    return [
        x509.IPAddress(ipaddress.ip_address(name)) if _is_address(name) else x509.DNSName(name)
        for name in names(endpoint)
    ]


def _usage(*, signs_certificates: bool) -> "x509.KeyUsage":
    from cryptography import x509

    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(certificate: "x509.Certificate") -> str:
    from cryptography.hazmat.primitives.serialization import Encoding

    return certificate.public_bytes(Encoding.PEM).decode()


def _key_pem(key: "ec.EllipticCurvePrivateKey") -> str:
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
    )

    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
