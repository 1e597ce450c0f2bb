"""The server's own certificate authority, and the certificate it signs for an endpoint.

The authority is created once, so that clients have to trust it once. The server certificate is
renewed when the endpoint changes or before it expires. Its purpose is noted in `server.pem`, in
lines that a usual start reads without loading a library; a `server.pem` without them is the
operator's.
"""

import ipaddress
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from attimo import files
from attimo.certificates import notes, pair
from attimo.certificates.names import is_address, names
from attimo.certificates.pair import Certificate
from attimo.errors import Misconfigured

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec

AUTHORITY_LIVES = timedelta(days=20 * 365)
SERVER_LIVES = timedelta(days=825)  # the longest that Apple's clients accept
RENEW_BEFORE_END = timedelta(days=90)
SKEW = timedelta(days=1)  # for clients whose clock is slow

_HEADING = "Attimo server certificate"
_READABLE = 0o644


def ensure(
    folder: Path, endpoint: str, now: datetime | None = None, also: Sequence[str] = ()
) -> Certificate:
    """Return the certificate for `endpoint` in `folder`; issue or renew it if necessary.

    Args:
        folder: Where it is stored, with the authority.
        endpoint: The public name.
        now: The time; the clock's by default.
        also: More public names that it is for.

    Raises:
        Misconfigured: A certificate must be issued but the authority cannot sign it, or a file
            cannot be read.
        OSError: A file cannot be written.
    """
    now = now or datetime.now(UTC)
    server, key = _kept(folder / "server.pem"), _kept(folder / "server.key")
    if server and key:
        facts = notes.facts(_HEADING, server)
        same = {
            "endpoint": ",".join((endpoint, *also)),
            "authority": notes.digest(_kept(folder / "ca.pem") or ""),
            "chain": notes.digest(notes.chain(server)),
            "key": notes.digest(key),
        }
        if now < _moment(facts) and all(facts.get(name, "") == same[name] for name in same):
            return Certificate(notes.chain(server), key, folder / "ca.pem")
    return _issue(folder, (endpoint, *also), now)


def is_foreign(folder: Path) -> bool:
    """Whether the operator has put their own certificate in its place."""
    server = _kept(folder / "server.pem")
    return server is not None and not notes.facts(_HEADING, server)


def renewal(folder: Path) -> datetime:
    """From when the certificate in `folder` should be renewed."""
    return _moment(notes.facts(_HEADING, _kept(folder / "server.pem") or ""))


def _moment(facts: dict[str, str]) -> datetime:
    try:
        return datetime.fromisoformat(facts["renew after"])
    except (KeyError, ValueError):
        return datetime.min.replace(tzinfo=UTC)


def _kept(file: Path) -> str | None:
    return pair.text(file) if file.exists() else None


def _issue(folder: Path, endpoints: Sequence[str], now: datetime) -> Certificate:
    """Write a new server certificate, and first the authority if there is none."""
    from cryptography.hazmat.primitives.asymmetric import ec

    authority, authority_key = _authority(folder, now)
    private_key = ec.generate_private_key(ec.SECP256R1())
    signed = _sign_server(endpoints, private_key, authority, authority_key, now)

    key, ca = _key_pem(private_key), _kept(folder / "ca.pem") or ""
    chain = _pem(signed) + _pem(authority)
    facts = {
        "endpoint": ",".join(endpoints),
        "renew after": (signed.not_valid_after_utc - RENEW_BEFORE_END).isoformat(),
        "authority": notes.digest(ca),
        "chain": notes.digest(chain),
        "key": notes.digest(key),
    }
    files.write(folder / "server.key", key)
    files.write(folder / "server.pem", notes.written(_HEADING, facts, chain), _READABLE)
    return Certificate(chain, key, folder / "ca.pem")


def _authority(
    folder: Path, now: datetime
) -> "tuple[x509.Certificate, ec.EllipticCurvePrivateKey]":
    """Return the certificate authority of this folder; create one only if none was ever used."""
    from cryptography.hazmat.primitives.asymmetric import ec

    file, key_file = folder / "ca.pem", folder / "ca.key"
    pem, key_pem = _kept(file), _kept(key_file)
    if pem is None:
        if _kept(folder / "server.pem"):
            raise Misconfigured(
                f"{file} is missing; put it back (it is the last certificate in server.pem), or "
                "move server.pem away, too, to have a new authority, which clients must then trust"
            )
        return _new_authority(folder, now)
    if key_pem is None:
        raise Misconfigured(f"{key_file} is missing, and {_MEND.format(file=file)}")
    try:
        authority, key = pair.certificate(file, pem), pair.private_key(key_file, key_pem)
    except Misconfigured as error:
        raise Misconfigured(f"{error}, and {_MEND.format(file=file)}") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or (
        key.public_key() != authority.public_key()
    ):
        raise Misconfigured(f"{key_file} is not the key of {file}, and {_MEND.format(file=file)}")
    ends = authority.not_valid_after_utc
    if ends <= now:
        raise Misconfigured(f"{file} expired on {ends:%F %T} UTC, and {_MEND.format(file=file)}")
    return authority, key


_MEND = (
    "a new server certificate has to be signed: put back what was there, or move {file} and "
    "server.pem away to have a new authority, which clients must then trust"
)


def _new_authority(
    folder: Path, now: datetime
) -> "tuple[x509.Certificate, ec.EllipticCurvePrivateKey]":
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    # A unique name, so that a client can trust the authorities of several servers.
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
    # The key first, so that a crash in between leaves no authority that cannot sign.
    files.write(folder / "ca.key", _key_pem(key))
    files.write(folder / "ca.pem", _pem(certificate), _READABLE)
    return certificate, key


def _sign_server(
    endpoints: Sequence[str],
    key: "ec.EllipticCurvePrivateKey",
    authority: "x509.Certificate",
    authority_key: "ec.EllipticCurvePrivateKey",
    now: datetime,
) -> "x509.Certificate":
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Attimo server")])
    return (
        x509.CertificateBuilder(
            authority.subject, subject, key.public_key(), x509.random_serial_number()
        )
        .not_valid_before(now - SKEW)
        .not_valid_after(min(now + SERVER_LIVES, authority.not_valid_after_utc))
        .add_extension(x509.SubjectAlternativeName(_alternatives(endpoints)), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(_identifier_of(authority, authority_key), critical=False)
        .sign(authority_key, hashes.SHA256())
    )


def _identifier_of(
    authority: "x509.Certificate", key: "ec.EllipticCurvePrivateKey"
) -> "x509.AuthorityKeyIdentifier":
    """How the authority's key is named; not every operator's authority names it."""
    from cryptography import x509

    try:
        named = authority.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    except x509.ExtensionNotFound:
        return x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(named)


def _alternatives(endpoints: Sequence[str]) -> "list[x509.GeneralName]":
    from cryptography import x509

    return [
        x509.IPAddress(ipaddress.ip_address(name)) if is_address(name) else x509.DNSName(name)
        for name in names(*endpoints)
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
