"""A certificate with its private key: read from two files, and checked before it is used."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from attimo import files
from attimo.errors import Misconfigured

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

LONGEST_WARNING = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate and key for a listener, and their properties.

    Attributes:
        chain: The certificate and then its issuers', in PEM.
        private_key: The key of the first, in PEM. The repr hides it.
        root: The file with the root that clients must trust; None if they already do.
        begins: From when it is valid; None if it has not been read.
        ends: Until when it is valid.
        names: The names that it is for.
    """

    chain: str
    private_key: str = field(repr=False)
    root: Path | None = None
    begins: datetime | None = None
    ends: datetime | None = None
    names: frozenset[str] = frozenset()

    @property
    def warn_from(self) -> datetime | None:
        """From when to renew it: two weeks, or a fifth of a short lifetime, before it expires."""
        if self.begins is None or self.ends is None:
            return None
        return self.ends - min(LONGEST_WARNING, (self.ends - self.begins) / 5)

    def until(self) -> datetime:
        """Until when it is valid, read now if it has not been."""
        return self.ends or certificate(Path("certificate"), self.chain).not_valid_after_utc

    def covers(self, name: str) -> bool:
        """Whether it is for a name, with `*` as the first label if need be."""
        return name in self.names or f"*.{name.partition('.')[2]}" in self.names


def read(chain: Path, key: Path, root: Path | None = None) -> Certificate:
    """Read a certificate and its key from two files.

    Raises:
        Misconfigured: A file cannot be read, or they do not match; the message names the file.
    """
    return belonging((chain, text(chain)), (key, text(key)), root)


def belonging(
    chain: tuple[Path, str], key: tuple[Path, str], root: Path | None = None
) -> Certificate:
    """Read a certificate and its key from two texts, each with the name of its file.

    Raises:
        Misconfigured: They cannot be parsed, or do not match.
    """
    first = certificate(*chain)
    if first.public_key() != private_key(*key).public_key():
        raise Misconfigured(
            f"the private key in {key[0]} is not that of the certificate in {chain[0]}"
        )
    begins, ends = first.not_valid_before_utc, first.not_valid_after_utc
    return Certificate(chain[1], key[1], root, begins, ends, frozenset(_names(first)))


def text(file: Path) -> str:
    """Return the text of a file.

    Raises:
        Misconfigured: It cannot be read.
    """
    try:
        found = files.read(file)
    except OSError as error:
        raise Misconfigured(f"{file} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise Misconfigured(f"{file} is not PEM: it is not text") from error
    except ValueError as error:
        raise Misconfigured(f"{file} is not PEM: {error}") from error
    if found is None:
        raise Misconfigured(f"{file} is not there")
    return found


def check_root(file: Path | None) -> None:
    """Refuse a root that clients cannot trust, or must not get.

    Raises:
        Misconfigured: It cannot be read, or has a private key; the message names the file.
    """
    if file is None:
        return
    found = text(file)
    certificate(file, found)
    if "PRIVATE KEY-----" in found:
        raise Misconfigured(
            f"{file} has a private key, and everybody may read the root: keep the key elsewhere"
        )


def certificate(file: Path, pem: str) -> "x509.Certificate":
    """Return the first certificate in the text of a file; the others must be valid, too.

    Raises:
        Misconfigured: One is not valid, or there is none.
    """
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm

    damaged = (ValueError, TypeError, UnsupportedAlgorithm)
    try:
        found = x509.load_pem_x509_certificates(pem.encode())
        for each in found:
            _parse(each)
    except (*damaged, x509.InvalidVersion, x509.DuplicateExtension) as error:
        raise Misconfigured(f"{file} contains no valid certificate in PEM") from error
    return found[0]


def private_key(file: Path, pem: str) -> "PrivateKeyTypes":
    """Return the private key in the text of a file.

    Raises:
        Misconfigured: There is none, or it has a passphrase.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        return load_pem_private_key(pem.encode(), password=None)
    except TypeError as error:
        raise Misconfigured(f"the private key in {file} has a passphrase; remove it") from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise Misconfigured(f"{file} contains no valid private key in PEM") from error


def _parse(certificate: "x509.Certificate") -> None:
    """Read the parts that the library parses on use, which raises various errors."""
    certificate.public_key()
    _ = certificate.subject, certificate.extensions
    _ = certificate.not_valid_before_utc, certificate.not_valid_after_utc


def _names(certificate: "x509.Certificate") -> list[str]:
    from cryptography import x509

    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    hosts = found.get_values_for_type(x509.DNSName)
    return [*hosts, *(str(each) for each in found.get_values_for_type(x509.IPAddress))]
