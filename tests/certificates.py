"""Certificates of the tests' own making: an authority, a server that it has signed, and one that stands for itself."""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_PEM = serialization.Encoding.PEM
_LOCAL = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ipaddress.IPv4Address("127.0.0.1"))])


def self_signed(folder: Path) -> tuple[Path, Path]:
    """A certificate for localhost and its key, as files."""
    own = ec.generate_private_key(ec.SECP256R1())
    signed = _builder("localhost", "localhost", own).add_extension(_LOCAL, critical=False).sign(own, hashes.SHA256())
    made, key = folder / "ca.pem", folder / "key.pem"
    made.write_bytes(signed.public_bytes(_PEM))
    key.write_bytes(_private(own))
    return made, key


def signed_by_authority(folder: Path) -> None:
    """``authority.pem``, and ``broker.pem``: key and chain of a server on localhost that it has signed."""
    key, certificate = authority(folder / "authority.pem", "tests")
    own = ec.generate_private_key(ec.SECP256R1())
    signed = _builder("broker", "tests", own).add_extension(_LOCAL, critical=False).sign(key, hashes.SHA256())
    chain = signed.public_bytes(_PEM) + certificate.public_bytes(_PEM)
    (folder / "broker.pem").write_bytes(_private(own) + chain)


def _private(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def authority(file: Path, name: str) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    """An authority; its certificate is written to a file."""
    key = ec.generate_private_key(ec.SECP256R1())
    mark = x509.BasicConstraints(ca=True, path_length=None)
    usage = x509.KeyUsage(
        digital_signature=True, key_cert_sign=True, crl_sign=True, content_commitment=False, key_encipherment=False,
        data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    builder = _builder(name, name, key).add_extension(mark, critical=True).add_extension(usage, critical=True)
    certificate = builder.sign(key, hashes.SHA256())
    file.write_bytes(certificate.public_bytes(_PEM))
    return key, certificate


def _builder(name: str, issuer: str, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    def called(text: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(called(name))
        .issuer_name(called(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=7))
    )
