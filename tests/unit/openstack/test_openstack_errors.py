"""Whatever a cloud does instead of answering: one clear error each, nothing secret in it."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from fed_common.core.errors import CloudFailed, CloudTimeout, Invalid
from fed_common.core.model import Credentials, Tls
from multicloud_generic.openstack.plugin import OpenStackPlugin
from tests.certificates import Authority
from tests.doubles.openstack import SIGN_IN, Answer, OpenStackDouble, openstack_double

LIMITS = "/compute/v2.1/limits"
SECRET = "pl4nted-s3cret"
LATER = "2100-01-01T00:00:00Z"
HTML = Answer(502, b"<html><h1>502 Bad Gateway</h1></html>", {"Content-Type": "text/html"})
PAGE = Answer(200, b"<html>Welcome to nginx!</html>", {"Content-Type": "text/html"})
AWAY = Answer(302, None, {"Location": "http://elsewhere.invalid/"})


def failure(plugin: OpenStackPlugin, vim: object, timeout: float = 5) -> CloudFailed:
    with pytest.raises(CloudFailed) as raised:
        plugin.probe_vim(vim, timeout=timeout)  # type: ignore[arg-type]
    reason = raised.value.reason
    assert SECRET not in str(raised.value)
    assert not any(word in reason for word in ("Traceback", "Error(", "Exception", "object at", "urllib", "<html"))
    assert raised.value.__cause__ is None
    return raised.value


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Answer(401, {"error": {"code": 401, "message": "no"}}), "Keystone refused the credentials"),
        (Answer(403, {"error": {"message": f"password={SECRET}"}}), "Keystone refused the credentials"),
        (Answer(404, {"error": {}}), "there is no Keystone with a v3 API at auth_url: 404 Not Found"),
        (Answer(500, {"error": {}}), "Keystone answered 500 Internal Server Error"),
        (HTML, "Keystone answered 502 Bad Gateway"),
        (AWAY, "there is no Keystone with a v3 API at auth_url: 302 Found"),
        (PAGE, "what answers at auth_url is no Keystone"),
        (Answer(201, {"token": {}}), "Keystone's answer cannot be read"),
        (Answer(201, {"token": {}}, {"X-Subject-Token": "t"}), "Keystone"),
        (Answer(201, [], {"X-Subject-Token": "t"}), "what answers at auth_url is no Keystone"),
        (Answer(201, 7, {"X-Subject-Token": "t"}), "Keystone's answer cannot be read"),
        (Answer(201, {"token": {"catalog": 7, "expires_at": LATER}}, {"X-Subject-Token": "t"}), "Keystone"),
        (Answer(201, {"token": {"catalog": [], "expires_at": "soon"}}, {"X-Subject-Token": "t"}), "Keystone"),
    ],
)  # fmt: skip
def test_a_keystone_that_does_not_let_us_in(
    cloud: OpenStackDouble, plugin: OpenStackPlugin, answer: Answer, reason: str
):
    cloud.on(SIGN_IN, answer, "POST")
    assert failure(plugin, cloud.vim()).reason.startswith(reason)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Answer(401, {"error": {"message": "no"}}), "compute answered 401 Unauthorized: no"),
        (Answer(403, {"forbidden": {"message": "Not you."}}), "compute answered 403 Forbidden: Not you."),
        (Answer(406), "compute answered 406 Not Acceptable"),
        (Answer(429), "compute answered 429 Too Many Requests"),
        (Answer(500, {"computeFault": {"message": f"token={SECRET}"}}), "compute answered 500 Internal"),
        (Answer(599, b"\xff\xfe"), "compute answered 599"),
        (HTML, "compute answered 502 Bad Gateway"),
        (AWAY, "compute answered 302 Found"),
        (PAGE, "compute answered something that is not JSON"),
    ],
)  # fmt: skip
def test_a_nova_that_does_not_answer_the_question(
    cloud: OpenStackDouble, plugin: OpenStackPlugin, answer: Answer, reason: str
):
    cloud.on(LIMITS, answer)
    assert failure(plugin, cloud.vim()).reason.startswith(reason)


@pytest.mark.parametrize(
    "root", [None, [], {}, {"version": {}}, {"version": {"version": "new"}}, {"versions": []}, {"versions": [{}]}]
)
def test_a_nova_that_hides_its_version(cloud: OpenStackDouble, plugin: OpenStackPlugin, root: object):
    cloud.on("/compute/v2.1/", Answer(200, root))
    assert failure(plugin, cloud.vim()).reason.startswith("compute's answer cannot be read")


def test_a_wrong_password(cloud: OpenStackDouble, plugin: OpenStackPlugin):
    assert failure(plugin, cloud.vim("admin", SECRET)).reason == "Keystone refused the credentials"


def test_no_credentials_at_all(cloud: OpenStackDouble, plugin: OpenStackPlugin):
    with pytest.raises(Invalid, match="credentials"):
        plugin.probe_vim(replace(cloud.vim(), credentials=None), timeout=5)


def test_a_region_that_the_cloud_has_not(cloud: OpenStackDouble, plugin: OpenStackPlugin):
    assert failure(plugin, replace(cloud.vim(), region_name="Mars")).reason.endswith("in region Mars")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "cloud",
        "ftp://cloud/v3",
        "http://",
        "http://[::1",
        "http://h:x/",
        "\x00",
        f"http://me:{SECRET}@cloud/v3",
    ],
)
def test_an_address_that_is_none(cloud: OpenStackDouble, plugin: OpenStackPlugin, url: str):
    with pytest.raises(Invalid, match="auth_url") as raised:
        plugin.probe_vim(replace(cloud.vim(), auth_url=url), timeout=5)
    assert SECRET not in str(raised.value)


@pytest.mark.parametrize("url", ["http://a..b/v3", f"http://{'a' * 70}.b/", "http://ä ö/"])
def test_an_address_that_leads_nowhere(cloud: OpenStackDouble, plugin: OpenStackPlugin, url: str):
    assert not isinstance(failure(plugin, replace(cloud.vim(), auth_url=url)), CloudTimeout)


def test_a_name_that_nobody_knows(cloud: OpenStackDouble, plugin: OpenStackPlugin):
    error = failure(plugin, replace(cloud.vim(), auth_url="http://cloud.invalid/v3"))
    assert error.reason == "the name of cloud.invalid is not known"


def test_a_port_where_nobody_listens(cloud: OpenStackDouble, plugin: OpenStackPlugin):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
        assert failure(plugin, replace(cloud.vim(), auth_url=url)).reason.endswith("refused the connection")


def test_a_connection_that_is_closed_without_an_answer(cloud: OpenStackDouble, plugin: OpenStackPlugin):
    cloud.on(LIMITS, lambda _: None)
    assert failure(plugin, cloud.vim()).reason.endswith("broke the connection")


@contextmanager
def speaking(talk: Callable[[socket.socket, threading.Event], None]) -> Iterator[str]:
    """A server that does with a connection what it wants."""
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            while not stop.is_set():
                try:
                    connection = listening.accept()[0]
                except OSError:
                    return
                with connection:
                    connection.recv(65536)
                    talk(connection, stop)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            stop.set()
            listening.shutdown(socket.SHUT_RDWR)
    thread.join(5)


def silent(connection: socket.socket, stop: threading.Event) -> None:
    stop.wait(60)


def stalling(connection: socket.socket, stop: threading.Event) -> None:
    connection.sendall(b"HTTP/1.1 201 Created\r\nContent-Length: 100\r\n\r\n{")
    stop.wait(60)


def trickling(connection: socket.socket, stop: threading.Event) -> None:
    """A byte in time, again and again."""
    connection.sendall(b"HTTP/1.1 201 Created\r\nConnection: close\r\nContent-Length: 1000\r\n\r\n")
    while not stop.wait(0.1):
        connection.sendall(b" ")


@pytest.mark.parametrize("talk", [silent, stalling, trickling])
def test_a_cloud_that_does_not_come_to_an_end_is_given_its_time_and_no_more(
    cloud: OpenStackDouble, plugin: OpenStackPlugin, talk: Callable[[socket.socket, threading.Event], None]
):
    with speaking(talk) as url:
        began = time.monotonic()
        error = failure(plugin, replace(cloud.vim(), auth_url=url), timeout=0.7)
        assert isinstance(error, CloudTimeout)
        assert error.reason.endswith("did not answer within 0.7 s")
        assert time.monotonic() - began < 40


def test_something_that_speaks_no_http(cloud: OpenStackDouble, plugin: OpenStackPlugin):
    with speaking(lambda connection, _: connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")) as url:
        assert "does not speak HTTP" in failure(plugin, replace(cloud.vim(), auth_url=url)).reason


def test_who_waits_for_another_to_sign_in_waits_no_longer_than_it_may(
    cloud: OpenStackDouble, plugin: OpenStackPlugin
):
    came = threading.Event()

    def never(connection: socket.socket, stop: threading.Event) -> None:
        came.set()
        stop.wait(60)

    with speaking(never) as url:
        vim = replace(cloud.vim(), auth_url=url)
        slow = threading.Thread(target=lambda: failure(plugin, vim, timeout=10))
        slow.start()
        try:
            assert came.wait(60)
            assert isinstance(failure(plugin, vim, timeout=0.5), CloudTimeout)
            assert slow.is_alive()
        finally:
            slow.join(60)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="module")
def tls_cloud(authority: Authority) -> Iterator[OpenStackDouble]:
    with openstack_double(certificate=str(authority.issue("127.0.0.1"))) as double:
        yield double


def test_a_private_ca_that_is_given_is_trusted(
    tls_cloud: OpenStackDouble, plugin: OpenStackPlugin, authority: Authority
):
    plugin.probe_vim(tls_cloud.vim(tls=Tls(ca=authority.pem)), timeout=60)


def test_an_authority_need_not_be_a_root(plugin: OpenStackPlugin, authority: Authority):
    """Here it is the server's own certificate, which another one signed."""
    file = authority.issue("127.0.0.1")
    certificate = file.read_text().partition("-----BEGIN PRIVATE KEY")[0]
    with openstack_double(certificate=str(file)) as double:
        plugin.probe_vim(double.vim(tls=Tls(ca=certificate)), timeout=60)


def test_a_certificate_of_an_authority_that_nobody_knows(tls_cloud: OpenStackDouble, plugin: OpenStackPlugin):
    reason = failure(plugin, tls_cloud.vim()).reason
    assert reason.startswith("TLS: the certificate of 127.0.0.1:")
    assert "is not trusted" in reason


def test_the_ca_of_somebody_else(tls_cloud: OpenStackDouble, plugin: OpenStackPlugin, tmp_path: Path):
    reason = failure(plugin, tls_cloud.vim(tls=Tls(ca=Authority(tmp_path).pem))).reason
    assert "is not trusted" in reason


@pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
def test_no_verification_when_the_vim_says_so(tls_cloud: OpenStackDouble, plugin: OpenStackPlugin):
    plugin.probe_vim(tls_cloud.vim(tls=Tls(verify=False)), timeout=60)


def test_a_certificate_for_another_name(plugin: OpenStackPlugin, authority: Authority):
    with openstack_double(certificate=str(authority.issue("10.9.9.9"))) as double:
        reason = failure(plugin, double.vim(tls=Tls(ca=authority.pem))).reason
        assert "is not trusted" in reason
        assert "127.0.0.1" in reason


def test_a_self_signed_certificate_is_refused_until_it_is_named(plugin: OpenStackPlugin, tmp_path: Path):
    lone = Authority(tmp_path, name="127.0.0.1")
    with openstack_double(certificate=str(lone.own_file)) as double:
        assert "self-signed" in failure(plugin, double.vim()).reason
        plugin.probe_vim(double.vim(tls=Tls(ca=lone.pem)), timeout=60)


@pytest.mark.parametrize("ca", ["nonsense", "-----BEGIN CERTIFICATE-----\nnope\n-----END CERTIFICATE-----\n", "ä"])
def test_a_ca_that_cannot_be_read(tls_cloud: OpenStackDouble, plugin: OpenStackPlugin, ca: str):
    with pytest.raises(Invalid, match=r"tls\.ca.*PEM"):
        plugin.probe_vim(tls_cloud.vim(tls=Tls(ca=ca)), timeout=5)


def test_tls_where_there_is_none(cloud: OpenStackDouble, plugin: OpenStackPlugin):
    vim = replace(cloud.vim(), auth_url=cloud.url.replace("http:", "https:"))
    assert failure(plugin, vim).reason.startswith("TLS: no agreement with 127.0.0.1:")


def test_an_answer_that_is_larger_than_any_page(
    cloud: OpenStackDouble, plugin: OpenStackPlugin, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("multicloud_generic.openstack.transport.LARGEST_ANSWER", 2**20)
    cloud.on(LIMITS, Answer(200, b" " * 2**21))
    assert failure(plugin, cloud.vim()).reason == "answered with more than 1 MiB"


def test_credentials_are_in_no_representation(cloud: OpenStackDouble):
    vim = replace(cloud.vim(), credentials=Credentials("admin", SECRET))
    assert SECRET not in repr(vim)
