"""Certificates of an authority of our own, for servers on this machine."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID


class Authority:
    """Its own certificate is self-signed. ``own_file`` holds it with its key: it can serve as well."""

    def __init__(self, folder: Path, name: str = "An authority") -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        builder = self._builder(self._name, self._key).add_extension(x509.BasicConstraints(True, None), True)
        if name[0].isdigit():
            builder = builder.add_extension(_address(name), False)
        own = builder.sign(self._key, SHA256())
        self.pem = own.public_bytes(Encoding.PEM).decode()
        self.own_file = self._written("own", own, self._key)

    def issue(self, address: str) -> Path:
        """A file with a certificate for that address, and its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, address)])
        certificate = self._builder(name, key).add_extension(_address(address), False).sign(self._key, SHA256())
        return self._written(address, certificate, key)

    def _builder(self, name: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
        )

    def _written(self, name: str, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> Path:
        file = self._folder / f"{name}.pem"
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        file.write_bytes(certificate.public_bytes(Encoding.PEM) + private)
        return file


def _address(address: str) -> x509.SubjectAlternativeName:
    return x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))])


def self_signed(folder: Path) -> tuple[str, str]:
    """The files of a self-signed certificate for 127.0.0.1, and of its key."""
    authority = Authority(folder, "127.0.0.1")
    certificate = folder / "certificate.pem"
    certificate.write_text(authority.pem)
    return str(certificate), str(authority.own_file)
