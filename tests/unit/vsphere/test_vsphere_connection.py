"""What becomes of answers that are none, over real TLS."""

from __future__ import annotations

import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pyVmomi import vim, vmodl

from fed_common.core.errors import CloudFailed, CloudTimeout, Invalid
from fed_common.core.model import Credentials, Tls, Vim, VimId
from multicloud_generic.vsphere.connection import SessionEnded, endpoint, failure, tls_context
from multicloud_generic.vsphere.plugin import VspherePlugin

Certificate = tuple[Path, str]
LONGEST = 20.0  # a server drips for so long when nobody gives up


def certificate(folder: Path, name: x509.GeneralName) -> Certificate:
    """A self-signed certificate: the file of it and its key, and its own text."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "vsphere")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([name]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = made.public_bytes(serialization.Encoding.PEM)
    plain = serialization.NoEncryption()
    form = serialization.PrivateFormat.PKCS8
    file = folder / "both.pem"
    file.write_bytes(pem + key.private_bytes(serialization.Encoding.PEM, form, plain))
    return file, pem.decode()


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return certificate(tmp_path_factory.mktemp("tls"), x509.IPAddress(ip_address("127.0.0.1")))


@pytest.fixture
def serve(here: Certificate) -> Iterator[Callable[..., Vim]]:
    """``serve(talk)``: the VIM of a TLS server that reads a request and then does as ``talk`` says."""
    listening: list[socket.socket] = []

    def start(talk: Callable[[ssl.SSLSocket], None], shows: Certificate = here, tls: Tls | None = None) -> Vim:
        listener = socket.create_server(("127.0.0.1", 0))
        listening.append(listener)
        threading.Thread(target=_serve, args=(listener, shows[0], talk), daemon=True).start()
        return Vim(
            VimId("vc", "one"),
            "vsphere",
            auth_url=f"https://127.0.0.1:{listener.getsockname()[1]}/sdk",
            credentials=Credentials("someone", "planted-secret"),
            tls=tls or Tls(ca=shows[1]),
        )

    yield start
    for listener in listening:
        listener.close()


def _serve(listener: socket.socket, pem: Path, talk: Callable[[ssl.SSLSocket], None]) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    while True:
        try:
            plain = listener.accept()[0]
        except OSError:
            return
        with suppress(OSError), closing(context.wrap_socket(plain, server_side=True)) as connection:
            request = b""
            while not request.endswith(b"Envelope>"):
                request += connection.recv(65536)
            talk(connection)


def says(text: str) -> Callable[[ssl.SSLSocket], None]:
    return lambda connection: connection.sendall(text.encode())


def page(status: str, body: str, kind: str = "text/html") -> str:
    return f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n{body}"


SOAP = '<Envelope xmlns="http://schemas.xmlsoap.org/soap/envelope/"><Body>{}</Body></Envelope>'


def fails(vim: Vim) -> CloudFailed:
    with pytest.raises(CloudFailed, match="vc_one: ") as caught:
        VspherePlugin().list_instances(vim, timeout=5)
    assert "planted-secret" not in str(caught.value)
    return caught.value


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (page("404 Not Found", "nothing"), "no vSphere answers at its URL: 404 Not Found"),
        (page("302 Found", ""), "no vSphere answers at its URL: 302 Found"),
        (page("503 Service Unavailable", "starting"), "no vSphere answers at its URL: 503 Service Unavailable"),
        (page("200 OK", "<html><body>Welcome<br></body></html>"), "its answer is not one of a vSphere"),
        (page("200 OK", '{"json": true}', "application/json"), "its answer is not one of a vSphere"),
        (page("200 OK", ""), "its answer is not one of a vSphere"),
        (page("200 OK", SOAP.format("")), "its answer is not one of a vSphere"),
        (page("200 OK", SOAP.format("<NoResponse><returnval>x</returnval></NoResponse>")), "not one of a vSphere"),
        (page("500 Error", "<html>"), "its answer is not one of a vSphere"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n<Envelope", "its answer is not one of a vSphere"),
        ("220 mail.example.org ESMTP\r\n", "no vSphere answers at its URL"),
        ("", "vSphere cannot be reached: the connection was closed"),
    ],
)
def test_an_answer_that_is_none_is_a_failed_cloud(serve: Callable[..., Vim], answer: str, reason: str) -> None:
    assert reason in fails(serve(says(answer))).reason


def test_an_answer_that_drips_is_given_up_at_the_deadline(serve: Callable[..., Vim]) -> None:
    ended, began = threading.Event(), time.monotonic()

    def drip(connection: ssl.SSLSocket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n\r\n<Envelope>")
        with suppress(OSError):
            while not ended.wait(0.05) and time.monotonic() < LONGEST + began:
                connection.sendall(b"<a/>")

    with pytest.raises(CloudTimeout):
        VspherePlugin().probe_vim(serve(drip), timeout=1)
    ended.set()


def test_headers_that_drip_are_given_up_at_the_deadline(serve: Callable[..., Vim]) -> None:
    ended, began = threading.Event(), time.monotonic()

    def drip(connection: ssl.SSLSocket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nX-Long: ")
        with suppress(OSError):
            while not ended.wait(0.05) and time.monotonic() < LONGEST + began:
                connection.sendall(b"a")

    with pytest.raises(CloudTimeout):
        VspherePlugin().probe_vim(serve(drip), timeout=1)
    ended.set()


def test_a_certificate_of_another_host_is_refused(serve: Callable[..., Vim], tmp_path: Path) -> None:
    other = certificate(tmp_path, x509.DNSName("vcenter.example.org"))
    assert "the TLS certificate is not trusted" in fails(serve(says(""), other)).reason
    unchecked = serve(says(page("404 Not Found", "")), other, Tls(verify=False))
    assert "404" in fails(unchecked).reason


def test_a_server_without_tls_is_a_failed_cloud() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port = listener.getsockname()[1]

        def talk() -> None:
            connection = listener.accept()[0]
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            connection.close()

        threading.Thread(target=talk, daemon=True).start()
        target = Vim(
            VimId("vc", "one"),
            "vsphere",
            auth_url=f"https://127.0.0.1:{port}",
            credentials=Credentials("someone", "planted-secret"),
        )
        assert fails(target).reason.startswith("TLS failed")


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("https://vc.example.org", ("vc.example.org", 443, "/sdk")),
        ("https://vc.example.org/", ("vc.example.org", 443, "/sdk")),
        ("https://vc.example.org:8989/sdk", ("vc.example.org", 8989, "/sdk")),
        ("https://vc.example.org/sdk/", ("vc.example.org", 443, "/sdk")),
        ("https://[2001:db8::1]:8443/behind/sdk", ("2001:db8::1", 8443, "/behind/sdk")),
    ],
)
def test_the_url_of_the_sdk_is_read(url: str, parts: tuple[str, int, str]) -> None:
    assert endpoint(url) == parts


@pytest.mark.parametrize(
    "url",
    [
        "",
        "vc.example.org",
        "http://vc.example.org/sdk",
        "https://",
        "https://[::1",
        "https://vc:port/sdk",
        "https://vc/sdk?a=b",
    ],
)
def test_a_url_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(Invalid, match=r"auth_url.*allowed: https://HOST\[:PORT\]/sdk"):
        endpoint(url)


def test_a_password_in_the_url_is_refused_and_not_shown() -> None:
    with pytest.raises(Invalid, match="auth_url") as caught:
        endpoint("https://root:planted-secret@vc/sdk")
    assert "planted-secret" not in str(caught.value)


@pytest.mark.parametrize(
    "ca", ["no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "é"]
)
def test_an_authority_that_is_none_is_refused(ca: str) -> None:
    with pytest.raises(Invalid, match=r"tls\.ca"):
        tls_context(Tls(ca=ca))


@pytest.mark.parametrize(
    ("error", "kind", "reason"),
    [
        (vim.fault.InvalidLogin(msg="x"), CloudFailed, "vSphere refused the credentials"),
        (vim.fault.NotAuthenticated(), SessionEnded, "vSphere ended the session"),
        (vim.fault.NoPermission(privilegeId="System.Read"), CloudFailed, "lacks the privilege System.Read"),
        (vmodl.fault.NotSupported(msg="no words"), CloudFailed, "vSphere answered NotSupported: no words"),
        (vmodl.fault.SystemError(), CloudFailed, "vSphere answered SystemError"),
        (TimeoutError("the handshake operation timed out"), CloudTimeout, "did not answer in time"),
        (ConnectionRefusedError(111, "Connection refused"), CloudFailed, "cannot be reached: Connection refused"),
        (
            socket.gaierror(-2, "Name or service not known"),
            CloudFailed,
            "cannot be reached: Name or service not known",
        ),
        (KeyError("some.type"), CloudFailed, "its answer is not one of a vSphere"),
    ],
)
def test_what_goes_wrong_is_said_in_our_words(error: Exception, kind: type[CloudFailed], reason: str) -> None:
    told = failure("vc_one", error)
    assert type(told) is kind
    assert reason in told.reason


def test_a_plugin_that_is_not_asked_loads_no_library() -> None:
    makes = "from multicloud_generic.vsphere.plugin import VspherePlugin; VspherePlugin()"
    loads = f"import sys; {makes}; print('pyVmomi' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", loads], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "False"
