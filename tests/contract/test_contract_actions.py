"""What every registered policy action promises, whoever wrote it."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest

from fed_common.core.errors import Invalid, Permanent, Retryable
from fed_common.core.vnf import OperationKind
from fed_common.interfaces.action import Failure, PolicyAction
from fed_common.monitor.actions.known import known_actions
from fed_common.monitor.vnfs.operations import STEPS

FAILURE = Failure(
    "8f1c/7", "8f1c", "fw", "c_r1", vdu="VDU1", address="10.9.0.1", rule="fall", detail="no answer", number=1
)

pytestmark = pytest.mark.parametrize("name", known_actions().names())


def action(name: str) -> PolicyAction:
    return known_actions().get(name)()


@pytest.fixture
def argument(name: str) -> Iterator[str]:
    """What the action needs behind the colon."""
    server = HTTPServer(("127.0.0.1", 0), _Taking)
    Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/told" if name == "webhook" else ""
    server.shutdown()
    server.server_close()


class _Taking(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def test_its_name_is_the_one_it_is_registered_under(name: str) -> None:
    assert action(name).name == name


def test_it_says_what_a_conductor_does_for_it(name: str) -> None:
    one = action(name)
    assert 0 < len(one.kind) <= 20
    assert one.invoked.endswith("invoked")
    runs_itself = type(one).run is not PolicyAction.run
    assert runs_itself != (one.kind in STEPS)
    assert runs_itself or one.kind in set(OperationKind)


def test_making_it_touches_no_network(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any, **kwargs: Any) -> None:
        raise AssertionError("this must not touch the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    assert isinstance(action(name), PolicyAction)


def test_it_can_be_done_twice_for_one_failure(name: str, argument: str) -> None:
    one = action(name)
    if one.kind in STEPS:
        with pytest.raises(NotImplementedError, match=name):
            one.run(FAILURE, argument, timeout=5)
    else:
        one.run(FAILURE, argument, timeout=5)
        one.run(FAILURE, argument, timeout=5)


@pytest.mark.parametrize("wrong", ["", "nonsense", "http://127.0.0.1:1/", "file:///etc/passwd", "http://[::1"])
def test_whatever_its_argument_it_raises_what_the_contract_says(name: str, wrong: str) -> None:
    one = action(name)
    if one.kind not in STEPS:
        with suppress(Retryable, Permanent, Invalid):
            one.run(FAILURE, wrong, timeout=1)
