"""A VIM that does not answer is left alone, and holds up nobody else; certificates are judged."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests

from fed_common.broker.circuits import Circuit, Passage
from fed_common.core.breaker import State
from fed_common.core.errors import CloudShut, CloudTimeout
from fed_common.core.instances import Capacity
from fed_common.core.model import Vim as CoreVim
from fed_common.inventory.models import Revision, Vim
from tests.certificates import Authority
from tests.doubles.clouds import CALLED, ScriptedCloud
from tests.doubles.upstream import said, upstream
from tests.unit.broker.conftest import Gateway, forget
from tests.waiting import until

DEAD, ALIVE = "/v0/CloudOwner_RegionOne/x", "/v0/vmware_vio/x"


@pytest.fixture
def half_dead(gateway: Gateway, settings: Any) -> Any:
    """The plugin of CloudOwner_RegionOne refuses connections; two failures are enough."""
    settings.BREAKER_FAILURES, settings.BREAKER_SECONDS = 2, 30
    with upstream() as server:
        settings.PLUGIN_URLS = settings.PLUGIN_URLS.replace(f"pike={gateway.behind.url}", f"pike={server.url}")
        forget()
        yield server


def test_a_dead_vim_is_left_alone_and_the_wait_is_told(gateway: Gateway, half_dead: Any) -> None:
    half_dead.close()

    answers = [gateway.ask("GET", DEAD) for _ in range(4)]

    assert [answer.status_code for answer in answers] == [502, 502, 503, 503]
    assert answers[-1].json()["code"] == "cloud_unavailable"
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 30
    assert answers[-1].json()["vim_id"] == "CloudOwner_RegionOne"
    assert gateway.ask("GET", ALIVE).status_code == 200
    page = requests.get(f"{gateway.url}/metrics", timeout=30).text
    assert 'mcfed_breaker_open{vim="CloudOwner_RegionOne"} 1.0' in page


def test_a_vim_that_is_back_is_called_again(gateway: Gateway, half_dead: Any, settings: Any) -> None:
    settings.BREAKER_SECONDS = 0.2
    half_dead.answer = lambda *_: False
    assert [gateway.ask("POST", DEAD).status_code for _ in range(3)] == [502, 502, 503]

    half_dead.answer = said("200 OK")

    until(lambda: gateway.ask("POST", DEAD).status_code == 200)
    page = requests.get(f"{gateway.url}/metrics", timeout=30).text
    assert 'mcfed_breaker_open{vim="CloudOwner_RegionOne"} 0.0' in page


@pytest.mark.parametrize("status", ["500 Error", "503 Unavailable", "404 Not Found"])
def test_an_error_of_the_cloud_is_an_answer(gateway: Gateway, half_dead: Any, status: str) -> None:
    half_dead.answer = said(status)

    assert {gateway.ask("GET", DEAD).status_code for _ in range(6)} == {int(status[:3])}


def test_a_caller_that_leaves_says_nothing_of_the_vim(gateway: Gateway, half_dead: Any) -> None:
    half_dead.answer = lambda connection, _: connection.recv(1) and None
    for number in range(4):
        with gateway.begin("GET", DEAD):
            until(lambda wanted=number + 1: len(half_dead.asked) == wanted)
    half_dead.answer = said("200 OK")

    assert gateway.ask("GET", DEAD).status_code == 200


def test_a_vim_has_so_many_calls_at_once_and_no_more(gateway: Gateway, half_dead: Any, settings: Any) -> None:
    settings.VIM_REQUESTS = 3
    forget()
    release = threading.Event()

    def wait(connection: Any, _asked: Any) -> None:
        release.wait(60)
        connection.sendall(said("200 OK"))

    half_dead.answer = wait
    with ThreadPoolExecutor(3) as callers:
        waiting = [callers.submit(gateway.ask, "GET", DEAD) for _ in range(3)]
        until(lambda: len(half_dead.asked) == 3)
        refused, other = gateway.ask("GET", DEAD), gateway.ask("GET", ALIVE)
        release.set()
        served = [one.result().status_code for one in waiting]

    assert (refused.status_code, refused.headers["Retry-After"], other.status_code) == (503, "1", 200)
    assert served == [200, 200, 200]
    assert gateway.ask("GET", DEAD).status_code == 200


def test_a_plugin_in_process_that_hangs_is_left_alone(gateway: Gateway, half_dead: Any) -> None:
    asked: list[str] = []

    def hanging(vim: CoreVim, _project: str) -> Capacity:
        asked.append(str(vim.id))
        raise CloudTimeout(str(vim.id), "slow")

    ScriptedCloud.room = staticmethod(hanging)

    answers = [gateway.ask("POST", "/v0/here_One/capacity_check", json={}).status_code for _ in range(4)]

    assert (answers, len(asked)) == ([504, 504, 503, 503], 2)
    assert gateway.ask("GET", "/v0/here_One/nova/x").status_code == 503


def test_a_passage_that_is_refused_takes_no_room(settings: Any) -> None:
    settings.BREAKER_FAILURES, settings.VIM_REQUESTS = 1, 1
    circuit = Circuit("a_b")
    with Passage(circuit) as passage:
        passage.failed()
    for _ in range(3):
        with pytest.raises(CloudShut, match="several times"), Passage(circuit):
            pass
    circuit.breaker.answered(1)

    with Passage(circuit) as passage, pytest.raises(CloudShut, match="under way"), Passage(circuit):
        pass
    assert circuit.breaker.state is State.CLOSED


@pytest.mark.parametrize(
    ("verify", "ca", "address", "status"),
    [
        (True, "own", "127.0.0.1", 200),
        (True, "", "127.0.0.1", 502),
        (True, "other", "127.0.0.1", 502),
        (True, "own", "127.0.0.9", 502),
        (True, "nonsense", "127.0.0.1", 502),
        (False, "", "127.0.0.9", 200),
    ],
)
def test_b2_a_clouds_certificate_is_judged_as_its_vim_says(
    gateway: Gateway, tmp_path: Path, verify: bool, ca: str, address: str, status: int
) -> None:
    own, other = Authority(tmp_path), Authority(tmp_path, "Another")
    pems = {"own": own.pem, "other": other.pem, "nonsense": "x", "": ""}
    Vim.objects.filter(full_id="here_One").update(tls_verify=verify, tls_ca=pems[ca])
    Revision.raise_it()
    with upstream(tls=own.issue(address)) as server:
        ScriptedCloud.service = server.url

        answer = gateway.ask("GET", "/v0/here_One/nova/x")

    assert answer.status_code == status, answer.text
    if status == 502:
        assert answer.json()["vim_id"] == "here_One"


def test_service_urls_are_asked_for_once_by_many(gateway: Gateway) -> None:
    with ThreadPoolExecutor(8) as callers:
        answers = list(callers.map(lambda _: gateway.ask("GET", "/v0/here_One/nova/x").status_code, range(16)))

    assert set(answers) == {200}
    assert CALLED == [("here_One", "nova")]
