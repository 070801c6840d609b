"""A broker that asks for TLS and a login: certificates made on the spot, a SCRAM user, one listener for each protocol."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from kafka import KafkaAdminClient
from kafka.admin import ScramMechanism, UserScramCredentialUpsertion

from opsledger.infra.kafka.local.cluster import Cluster
from tests.certificates import authority, signed_by_authority

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
    authority(root / "other.pem", "somebody else")
    signed_by_authority(root)
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
