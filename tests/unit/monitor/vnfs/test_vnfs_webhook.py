"""A failure told to somebody's URL: a documented body, a few tries, and nothing of our link."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from fed_common.core.errors import Permanent, Retryable
from fed_common.interfaces.action import Failure
from fed_common.monitor.actions.webhook import Webhook
from fed_common.monitor.models import Operation
from fed_common.monitor.vnfs.services import create_vnf
from tests.lifecycle import drive, events, fails, fields

FAILURE = Failure("8f1c/7", "8f1c", "fw", "c_r1", "VDU1", "vm-1", "10.9.0.1", "failure", "fall", "no answer", 3)


class Hook(BaseHTTPRequestHandler):
    """Answers with the statuses laid down, then 204; remembers what came."""

    statuses: list[int] = []
    came: list[tuple[str, str, dict[str, Any]]] = []

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.came.append((self.path, self.headers["Idempotency-Key"], body))
        status = self.statuses.pop(0) if self.statuses else 204
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "/elsewhere")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def url() -> Iterator[str]:
    Hook.statuses, Hook.came = [], []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/hook"
    server.shutdown()
    server.server_close()


def test_its_body_is_the_one_that_is_documented(url: str) -> None:
    Webhook().run(FAILURE, url, timeout=5)
    ((path, key, body),) = Hook.came
    assert (path, key) == ("/hook", "8f1c/7")
    assert body.pop("sent_at").endswith("Z")
    assert body == {
        "action": "webhook",
        "id": "8f1c/7",
        "vnf_id": "8f1c",
        "vnf_name": "fw",
        "vim_id": "c_r1",
        "vdu": "VDU1",
        "instance_id": "vm-1",
        "address": "10.9.0.1",
        "cause": "failure",
        "rule": "fall",
        "detail": "no answer",
        "number": 3,
    }


@pytest.mark.parametrize("status", [500, 503, 429, 408])
def test_what_may_pass_is_tried_again(url: str, status: int) -> None:
    Hook.statuses = [status]
    with pytest.raises(Retryable, match=str(status)):
        Webhook().run(FAILURE, url, timeout=5)


@pytest.mark.parametrize("status", [400, 401, 404, 302])
def test_what_will_not_pass_is_not_and_a_redirect_is_not_followed(url: str, status: int) -> None:
    Hook.statuses = [status]
    with pytest.raises(Permanent, match=str(status)):
        Webhook().run(FAILURE, url, timeout=5)
    assert len(Hook.came) == 1


@pytest.mark.parametrize(
    "bad",
    ["http://169.254.169.254/latest/", "http://[fe80::1]/", "http://0.0.0.0/", "ftp://h/", "file:///etc/passwd"],
)
def test_what_must_not_be_called_is_not(bad: str) -> None:
    with pytest.raises(Permanent):
        Webhook().run(FAILURE, bad, timeout=1)


def test_one_that_fails_for_a_moment_is_told_in_the_end_and_noted_once(vim: Any, url: str) -> None:
    vnf = create_vnf(**fields(vim))
    drive()
    Hook.statuses = [503, 500]
    fails(vnf, "webhook", argument=url)
    drive()
    assert len(Hook.came) == 3
    assert Hook.came[0][2]["address"] == vnf.members.get().address
    assert len({key for _, key, _ in Hook.came}) == 1
    assert [details for *_, details in events(vnf.pk)].count("ActionWebhook invoked") == 1


def test_one_that_never_works_fails_and_leaves_the_vnf_as_it_is(vim: Any, url: str) -> None:
    vnf = create_vnf(**fields(vim))
    drive()
    Hook.statuses = [404]
    fails(vnf, "webhook", argument=url)
    drive()
    operation = Operation.objects.get(kind="webhook")
    assert (operation.state, operation.reason) == ("failed", "the webhook answered 404")
    vnf.refresh_from_db()
    assert (vnf.status, vnf.error_reason) == ("ACTIVE", "")
    assert events(vnf.pk)[-1] == ("ACTIVE", "MONITOR", "webhook failed: the webhook answered 404")
