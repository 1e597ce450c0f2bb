"""TLS certificates: issued here, read from files, or ordered by ACME."""

from attimo.certificates.pair import Certificate as Certificate
from attimo.certificates.source import Source as Source
