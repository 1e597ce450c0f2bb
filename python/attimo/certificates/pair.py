"""A certificate with its private key: read from two files, and looked at before it is used."""

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
    """What a listener needs, and what is known of it.

    Attributes:
        chain: The certificate and then its issuers', in PEM.
        private_key: The key of the first, in PEM. The repr hides it.
        root: The file with the root that clients must be given; None if they know it.
        begins: From when it is valid; None where nobody has looked.
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
        """From when its end is near: two weeks, or a fifth of a short life."""
        if self.begins is None or self.ends is None:
            return None
        return self.ends - min(LONGEST_WARNING, (self.ends - self.begins) / 5)

    def covers(self, name: str) -> bool:
        """Whether it is for a name, perhaps by `*` in place of the first label."""
        return name in self.names or f"*.{name.partition('.')[2]}" in self.names


def read(chain: Path, key: Path, root: Path | None = None) -> Certificate:
    """The certificate in two files, if they can be read and belong together.

    Raises:
        Misconfigured: They cannot or do not; the message names the file and what is wrong with it.
    """
    return belonging((chain, text(chain)), (key, text(key)), root)


def belonging(
    chain: tuple[Path, str], key: tuple[Path, str], root: Path | None = None
) -> Certificate:
    """The certificate in two texts, each with the file that it is from.

    Raises:
        Misconfigured: They cannot be read or do not belong together.
    """
    first = certificate(*chain)
    if first.public_key() != private_key(*key).public_key():
        raise Misconfigured(
            f"the private key in {key[0]} is not that of the certificate in {chain[0]}"
        )
    begins, ends = first.not_valid_before_utc, first.not_valid_after_utc
    return Certificate(chain[1], key[1], root, begins, ends, frozenset(_names(first)))


def text(file: Path) -> str:
    """The text of a file that must be there.

    Raises:
        Misconfigured: It cannot be read.
    """
    try:
        found = files.read(file)
    except OSError as error:
        raise Misconfigured(f"{file} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise Misconfigured(f"{file} is no PEM: it holds no text") from error
    if found is None:
        raise Misconfigured(f"{file} is not there")
    return found


def certificate(file: Path, pem: str) -> "x509.Certificate":
    """The first certificate in the text of a file; the others must be certificates, too.

    Raises:
        Misconfigured: They are not.
    """
    from cryptography import x509

    try:
        return x509.load_pem_x509_certificates(pem.encode())[0]
    except ValueError as error:
        raise Misconfigured(f"{file} holds no certificate in PEM that can be read") from error


def private_key(file: Path, pem: str) -> "PrivateKeyTypes":
    """The private key in the text of a file.

    Raises:
        Misconfigured: There is none, or it takes a passphrase.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        return load_pem_private_key(pem.encode(), password=None)
    except TypeError as error:
        raise Misconfigured(f"the private key in {file} takes a passphrase; remove it") from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise Misconfigured(f"{file} holds no private key in PEM that can be read") from error


def _names(certificate: "x509.Certificate") -> list[str]:
    from cryptography import x509

    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        return []
    hosts = found.get_values_for_type(x509.DNSName)
    return [*hosts, *(str(each) for each in found.get_values_for_type(x509.IPAddress))]
