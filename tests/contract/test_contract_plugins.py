"""What every registered type of cloud promises, whoever wrote it: towards clouds that are not there."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest
from django.conf import settings

from fed_common.core.errors import CloudFailed, CloudTimeout, GatewayError, Invalid, Unsupported
from fed_common.core.instances import InstanceAction, InstanceSpec
from fed_common.core.model import Credentials, Vim, VimId
from fed_common.interfaces.plugin import CloudPlugin
from fed_common.interfaces.registry import Registry

REGISTRY: Registry[CloudPlugin] = Registry("type", "mcfed.clouds", settings.CLOUD_PLUGINS)
URLS = {"vsphere": "https://127.0.0.1:{}/sdk"}
KEYSTONE = "http://127.0.0.1:{}/v3"
PASSWORD = "planted-secret"
LONGEST = 30.0  # by when a call must have ended that was given 0.5 s
Verb = Callable[[CloudPlugin, Vim, float], Any]
VERBS: dict[str, Verb] = {
    "probe_vim": lambda plugin, vim, timeout: plugin.probe_vim(vim, timeout=timeout),
    "list_instances": lambda plugin, vim, timeout: plugin.list_instances(vim, timeout=timeout),
    "watch_instances": lambda plugin, vim, timeout: plugin.watch_instances(vim, timeout=timeout),
    "capacity": lambda plugin, vim, timeout: plugin.capacity(vim, timeout=timeout),
    "service_url": lambda plugin, vim, timeout: plugin.service_url(vim, "compute", timeout=timeout),
    "mark_host_down": lambda plugin, vim, timeout: plugin.mark_host_down(vim, "h", down=True, timeout=timeout),
    "reset_state": lambda plugin, vim, timeout: plugin.reset_state(vim, "an-id", "error", timeout=timeout),
    "act": lambda plugin, vim, timeout: plugin.act(vim, "an-id", InstanceAction.POWER_OFF, timeout=timeout),
    "create_instance": lambda plugin, vim, timeout: plugin.create_instance(vim, SPEC, timeout=timeout),
    "show_instance": lambda plugin, vim, timeout: plugin.show_instance(vim, "an-id", timeout=timeout),
}
SPEC = InstanceSpec("a-key", "a-name", "an-image", properties={"num_cpus": "1"})
EVERYWHERE = ("probe_vim", "list_instances")

each_type = pytest.mark.parametrize("name", REGISTRY.names())


def has(name: str, verb: str) -> bool:
    return getattr(REGISTRY.get(name), verb) is not getattr(CloudPlugin, verb)


OWN = [(name, verb) for name in REGISTRY.names() for verb in VERBS if has(name, verb)]
NOT_OWN = [(name, verb) for name in REGISTRY.names() for verb in VERBS if not has(name, verb)]


def record(name: str, port: int) -> Vim:
    """A VIM of that type at a port of this machine."""
    return Vim(
        VimId("contract", f"{name}-{port}"),
        name,
        auth_url=URLS.get(name, KEYSTONE).format(port),
        credentials=Credentials("someone", PASSWORD),
        projects=("theirs",),
    )


@pytest.fixture
def nobody() -> int:
    """A port where nobody listens."""
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@pytest.fixture
def silent() -> Iterator[int]:
    """A port where somebody takes connections and never says a word."""
    with closing(socket.create_server(("127.0.0.1", 0), backlog=50)) as listening:
        yield listening.getsockname()[1]


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any, **kwargs: Any) -> None:
        raise AssertionError("this must not touch the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def outcome(call: Callable[[], Any]) -> Any:
    """What a call returns or raises; the test fails when it does not end."""
    found: list[Any] = []

    def run() -> None:
        try:
            found.append(call())
        except BaseException as error:
            found.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(LONGEST)
    assert found, f"still running after {LONGEST} s"
    return found[0]


@each_type
def test_it_is_registered_under_its_own_name_for_its_own_type(name: str) -> None:
    assert REGISTRY.get(name).name == name
    assert name in REGISTRY.get(name).vim_types


def test_no_two_serve_the_same_type() -> None:
    types = [one for name in REGISTRY.names() for one in REGISTRY.get(name).vim_types]
    assert sorted(types) == sorted(set(types))


@each_type
@pytest.mark.usefixtures("no_network")
def test_making_one_touches_no_network(name: str) -> None:
    assert isinstance(REGISTRY.get(name)(), CloudPlugin)


@pytest.mark.parametrize(("name", "verb"), OWN)
def test_a_cloud_where_nobody_listens_is_a_failed_cloud(name: str, verb: str, nobody: int) -> None:
    vim = record(name, nobody)

    raised = outcome(lambda: VERBS[verb](REGISTRY.get(name)(), vim, 5))

    assert isinstance(raised, CloudFailed)
    assert not isinstance(raised, CloudTimeout)
    assert raised.vim_id == str(vim.id)
    assert PASSWORD not in str(raised)
    assert "Error" not in raised.reason, "a library's word"


@pytest.mark.parametrize(("name", "verb"), OWN)
def test_a_cloud_that_never_answers_is_given_up(name: str, verb: str, silent: int) -> None:
    vim = record(name, silent)

    raised = outcome(lambda: VERBS[verb](REGISTRY.get(name)(), vim, 0.5))

    assert isinstance(raised, CloudTimeout), raised
    assert raised.vim_id == str(vim.id)
    assert PASSWORD not in str(raised)


@each_type
def test_a_cloud_that_speaks_another_protocol_is_a_failed_cloud(name: str) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        threading.Thread(target=_garble, args=(listening,), daemon=True).start()
        vim = record(name, listening.getsockname()[1])
        raised = outcome(lambda: REGISTRY.get(name)().list_instances(vim, timeout=5))
    assert isinstance(raised, CloudFailed), raised
    assert raised.vim_id == str(vim.id)


def _garble(listening: socket.socket) -> None:
    while True:
        try:
            connection = listening.accept()[0]
        except OSError:
            return
        with connection:
            connection.sendall(b"220 mail.example.org ESMTP\r\n")


@pytest.mark.parametrize(("name", "verb"), NOT_OWN)
def test_a_verb_it_has_not_is_unsupported_or_nothing(name: str, verb: str, nobody: int) -> None:
    done = outcome(lambda: VERBS[verb](REGISTRY.get(name)(), record(name, nobody), 1))

    if verb == "watch_instances":
        assert done is None
    else:
        assert isinstance(done, Unsupported)
        assert name in str(done)


@each_type
@pytest.mark.parametrize("verb", EVERYWHERE)
@pytest.mark.parametrize(("field", "nothing"), [("auth_url", ""), ("credentials", None)])
@pytest.mark.usefixtures("no_network")
def test_a_record_without_what_is_needed_is_told_so(name: str, verb: str, field: str, nothing: Any) -> None:
    vim = replace(record(name, 1), **{field: nothing})

    with pytest.raises(Invalid) as caught:
        VERBS[verb](REGISTRY.get(name)(), vim, 1)

    assert caught.value.field == field


@each_type
@pytest.mark.parametrize(
    "url", ["gopher://cloud/sdk", "cloud.example.org", "https://", "https://[::1", "https://h:x/"]
)
@pytest.mark.usefixtures("no_network")
def test_a_url_that_is_none_is_told_so(name: str, url: str) -> None:
    with pytest.raises((Invalid, CloudFailed)) as caught:
        REGISTRY.get(name)().probe_vim(replace(record(name, 1), auth_url=url), timeout=1)
    assert isinstance(caught.value, GatewayError)
    assert PASSWORD not in str(caught.value)


@each_type
def test_the_password_is_not_in_the_records_text(name: str) -> None:
    assert PASSWORD not in repr(record(name, 1))
