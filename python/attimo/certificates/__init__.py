"""The certificate for TLS: made here, read from files, or ordered from an authority."""

from attimo.certificates.pair import Certificate as Certificate
from attimo.certificates.source import Source as Source
