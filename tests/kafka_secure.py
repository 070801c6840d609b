"""A broker that asks for TLS and a login: certificates made on the spot, a SCRAM user, one listener for each protocol."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from kafka import KafkaAdminClient
from kafka.admin import ScramMechanism, UserScramCredentialUpsertion

from opsledger.infra.kafka.local.cluster import Cluster

PROTOCOLS = ("SSL", "SASL_PLAINTEXT", "SASL_SSL")
USER = "clerk"
PASSWORD = "a-password-nobody-may-see"
_JAAS = "org.apache.kafka.common.security.scram.ScramLoginModule required;"


@dataclass(frozen=True)
class SecureKafka:
    """The broker and the files a client needs."""

    cluster: Cluster
    authority: Path
    other_authority: Path

    def environ(self, protocol: str, **changes: str) -> dict[str, str]:
        """The environment of a client that is let in; ``changes`` by the last part of a variable's name."""
        values = {
            "BOOTSTRAP_SERVERS": ",".join(self.cluster.plan.servers_of(protocol)),
            "SECURITY_PROTOCOL": protocol,
            "PREFIX": "secure",
        }
        if "SSL" in protocol.split("_"):
            values["SSL_CAFILE"] = str(self.authority)
        if protocol.startswith("SASL"):
            values |= {"SASL_MECHANISM": "SCRAM-SHA-512", "SASL_USERNAME": USER, "SASL_PASSWORD": PASSWORD}
        return {f"OPSLEDGER_KAFKA_{name}": value for name, value in (values | changes).items()}


@contextmanager
def secure_kafka(root: Path) -> Iterator[SecureKafka]:
    """One broker with every protocol; gone afterwards."""
    root.mkdir(parents=True, exist_ok=True)
    _authority(root / "other.pem", "somebody else")
    _broker_files(root)
    cluster = Cluster(root / "cluster", 1, secure=PROTOCOLS, settings=_settings(root))
    try:
        cluster.up()
        _add_user(cluster)
        yield SecureKafka(cluster, root / "authority.pem", root / "other.pem")
    finally:
        cluster.down(delete=True)


def _settings(root: Path) -> Mapping[str, str]:
    settings = {}
    for listener in ("ssl", "sasl_ssl"):
        settings[f"listener.name.{listener}.ssl.keystore.type"] = "PEM"
        settings[f"listener.name.{listener}.ssl.keystore.location"] = str(root / "broker.pem")
    for listener in ("sasl_plaintext", "sasl_ssl"):
        settings[f"listener.name.{listener}.sasl.enabled.mechanisms"] = "SCRAM-SHA-512"
        settings[f"listener.name.{listener}.scram-sha-512.sasl.jaas.config"] = _JAAS
    return settings


def _add_user(cluster: Cluster) -> None:
    with KafkaAdminClient(bootstrap_servers=list(cluster.servers)) as admin:
        made = UserScramCredentialUpsertion(USER, ScramMechanism.SCRAM_SHA_512, PASSWORD)
        assert admin.alter_user_scram_credentials([made]) == {USER: None}


def _broker_files(root: Path) -> None:
    key, certificate = _authority(root / "authority.pem", "tests")
    own = ec.generate_private_key(ec.SECP256R1())
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ipaddress.IPv4Address("127.0.0.1"))])
    signed = _builder("broker", "tests", own).add_extension(names, critical=False).sign(key, hashes.SHA256())
    private = own.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    chain = signed.public_bytes(serialization.Encoding.PEM) + certificate.public_bytes(serialization.Encoding.PEM)
    (root / "broker.pem").write_bytes(private + chain)


def _authority(file: Path, name: str) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    key = ec.generate_private_key(ec.SECP256R1())
    mark = x509.BasicConstraints(ca=True, path_length=None)
    usage = x509.KeyUsage(
        digital_signature=True, key_cert_sign=True, crl_sign=True, content_commitment=False, key_encipherment=False,
        data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    builder = _builder(name, name, key).add_extension(mark, critical=True).add_extension(usage, critical=True)
    certificate = builder.sign(key, hashes.SHA256())
    file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
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
