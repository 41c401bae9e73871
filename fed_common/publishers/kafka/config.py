"""The options of a Kafka sink and what they mean to kafka-python."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from kafka.codec import has_lz4, has_snappy, has_zstd

from fed_common.core.errors import Invalid

PROTOCOLS = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
TLS_FILES = ("ssl_cafile", "ssl_certfile", "ssl_keyfile")
MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")


@dataclass(frozen=True, slots=True)
class KafkaConfig:
    """``bootstrap`` is ``host:port,…``; empty means the gateway's own Kafka (MCFED_KAFKA)."""

    bootstrap: str = ""
    security_protocol: str = "PLAINTEXT"
    sasl_mechanism: str = ""
    sasl_username: str = ""
    sasl_password: str = field(default="", metadata={"secret": True}, repr=False)
    ssl_cafile: str = ""
    ssl_certfile: str = ""
    ssl_keyfile: str = ""
    compression: str = ""


def producer_options(config: KafkaConfig) -> dict[str, Any]:
    """The keyword arguments of KafkaProducer. Raises Invalid naming the option that cannot be."""
    bootstrap = config.bootstrap or settings.KAFKA
    if not bootstrap:
        raise Invalid("options.bootstrap", "", "host:port,… (or set MCFED_KAFKA)")
    _one_of("security_protocol", config.security_protocol, PROTOCOLS)
    _one_of("compression", config.compression, compressions())
    return {
        "bootstrap_servers": bootstrap.split(","),
        "security_protocol": config.security_protocol,
        "compression_type": config.compression or None,
        **_sasl(config),
        **_files(config),
    }


def compressions() -> list[str]:
    """The codecs this machine has libraries for."""
    libraries = {"snappy": has_snappy(), "lz4": has_lz4(), "zstd": has_zstd()}
    return ["", "gzip", *(name for name, there in libraries.items() if there)]


def _sasl(config: KafkaConfig) -> dict[str, str]:
    if not config.security_protocol.startswith("SASL_"):
        return {}
    _one_of("sasl_mechanism", config.sasl_mechanism, MECHANISMS)
    if not config.sasl_username or not config.sasl_password:
        missing = "sasl_password" if config.sasl_username else "sasl_username"
        raise Invalid(f"options.{missing}", "", f"a value, for {config.security_protocol} needs it")
    return {
        "sasl_mechanism": config.sasl_mechanism,
        "sasl_plain_username": config.sasl_username,
        "sasl_plain_password": config.sasl_password,
    }


def _files(config: KafkaConfig) -> dict[str, str]:
    return {name: getattr(config, name) for name in TLS_FILES if getattr(config, name)}


def _one_of(name: str, value: str, allowed: Sequence[str]) -> None:
    if value not in allowed:
        raise Invalid(f"options.{name}", value, [repr(word) for word in allowed])
