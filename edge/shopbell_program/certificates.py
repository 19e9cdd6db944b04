"""Until when certificates are good.

Owns: reading that one date out of PEM and DER.
Never: trust; a TLS handshake decides that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptography import x509

if TYPE_CHECKING:
    from pathlib import Path


def until_ms(der: bytes) -> int:
    """Return the end of a certificate, as it comes in a handshake, in Unix milliseconds."""
    return _end_ms(x509.load_der_x509_certificate(der))


def soonest_ms(path: Path) -> int:
    """Return the first end of those in a PEM file; OSError or ValueError where there is none to read."""
    return min(_end_ms(each) for each in x509.load_pem_x509_certificates(path.read_bytes()))


def _end_ms(certificate: x509.Certificate) -> int:
    return round(certificate.not_valid_after_utc.timestamp() * 1000)
