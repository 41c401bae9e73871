"""The agent of a compute host: what it hears, keeps, and hands over."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fed_common.cli import agent, agent_libvirt
from fed_common.cli.agent import Sender
from fed_common.cli.agent_libvirt import Listener, action_word
from fed_common.cli.agent_spool import Spool
from fed_common.cli.client import Gateway
from tests.waiting import until

PATH = "/vims/core_r/watchdog"


def report(id: str) -> dict[str, Any]:
    return {"instance_id": "vm", "action": "reset", "id": id}


def ids(spool: Spool) -> list[str]:
    found = []
    while one := spool.first(0):
        found.append(one["id"])
        spool.done(one)
    return found


class TestSpool:
    @given(st.lists(st.sampled_from(["add", "done", "crash"]), max_size=30))
    def test_what_was_added_and_not_done_is_there_in_its_order_whatever_crashes(self, tmp_path_factory, steps):
        path = tmp_path_factory.mktemp("spool") / "spool"
        spool, wanted = Spool(path, most=3), []
        for number, step in enumerate(steps):
            if step == "add":
                lost = spool.add(report(str(number)))
                wanted.append(str(number))
                assert lost == max(len(wanted) - 3, 0)
                wanted = wanted[-3:]
            elif step == "done" and wanted:
                spool.done(spool.first(0))
                wanted.pop(0)
            else:
                spool = Spool(path, most=3)
        assert ids(Spool(path)) == wanted
        assert ids(spool) == wanted

    def test_a_line_that_was_cut_off_is_left_out(self, tmp_path):
        path = tmp_path / "spool"
        Spool(path).add(report("1"))
        with path.open("a") as file:
            file.write('{"instance_id": "v')
        assert ids(Spool(path)) == ["1"]

    def test_one_that_had_to_go_meanwhile_takes_no_other_with_it(self, tmp_path):
        spool = Spool(tmp_path / "spool", most=1)
        spool.add(report("1"))
        sent = spool.first(0)
        assert spool.add(report("2")) == 1
        spool.done(sent)
        assert ids(spool) == ["2"]


class TestSender:
    @pytest.fixture
    def spool(self, tmp_path: Path) -> Spool:
        return Spool(tmp_path / "spool")

    @pytest.fixture
    def said(self, api: Any, spool: Spool, monkeypatch: pytest.MonkeyPatch) -> Any:
        monkeypatch.setattr(agent, "WAITS", (0.01,))
        said: list[str] = []
        sender = Sender(Gateway(api.url, "token", 5), "core_r", spool, said.append)
        sending = threading.Thread(target=sender.run)
        sending.start()
        yield said
        sender.stop()
        sending.join()

    @pytest.mark.parametrize("status", [500, 503, 429, 401, 403, 404])
    def test_what_is_not_taken_now_is_sent_again_with_the_same_id(self, api, spool, said, status):
        api.refuse("POST", PATH, status, detail="not now")
        spool.add(report("1"))
        until(lambda: len(api.asked) >= 2)
        api.answer("POST", PATH, {"id": "1", "accepted": True, "reason": ""}, status=202)
        until(lambda: not len(spool))
        assert {one.body["id"] for one in api.asked} == {"1"}
        assert said[-1] == "accepted: watchdog of vm, action reset"

    def test_what_will_never_be_taken_is_told_and_holds_up_nothing(self, api, spool, said):
        api.refuse("POST", PATH, 400, detail="no such action")
        spool.add(report("1"))
        until(lambda: not len(spool))
        assert said[-1].startswith("refused for good: no such action: {'instance_id': 'vm'")

    def test_what_the_gateway_ignores_is_said(self, api, spool, said):
        api.answer("POST", PATH, {"id": "1", "accepted": False, "reason": "watchdog_off"}, status=202)
        spool.add(report("1"))
        until(lambda: said)
        assert said == ["ignored (watchdog_off): watchdog of vm, action reset"]


class Libvirt:
    """libvirt's binding, as far as the agent uses it: the first connection is refused, the second breaks."""

    VIR_DOMAIN_EVENT_ID_WATCHDOG = 4

    class libvirtError(Exception):
        pass

    def __init__(self) -> None:
        self.opened = 0
        self.alive = False
        self.callback: Any = None

    def registerErrorHandler(self, handler: Any, context: Any) -> None: ...

    def virEventRegisterDefaultImpl(self) -> None: ...

    def virEventRunDefaultImpl(self) -> None:
        threading.Event().wait(0.01)

    def openReadOnly(self, uri: str) -> Any:
        self.opened += 1
        if self.opened == 1:
            raise self.libvirtError("no socket")
        self.alive = True
        return self

    def setKeepAlive(self, every: int, times: int) -> None: ...

    def domainEventRegisterAny(self, domain: Any, event: int, callback: Any, opaque: Any) -> None:
        assert event == 4
        self.callback = callback

    def isAlive(self) -> bool:
        return self.alive

    def close(self) -> None: ...

    def UUIDString(self) -> str:
        return "vm"


def test_a_connection_that_is_refused_or_breaks_is_opened_again(monkeypatch):
    monkeypatch.setattr(agent_libvirt, "AGAIN_AFTER", 0.01)
    monkeypatch.setattr(agent_libvirt, "LOOK_EVERY", 0.01)
    libvirt, heard, said = Libvirt(), list[Any](), list[str]()
    listener = Listener(libvirt, "qemu:///system", lambda *fired: heard.append(fired), said.append)
    running = threading.Thread(target=listener.run)
    running.start()
    until(lambda: libvirt.alive)
    libvirt.alive = False
    until(lambda: libvirt.opened == 3)
    until(lambda: len(said) == 4)
    libvirt.callback(libvirt, libvirt, 2, None)
    listener.stop()
    running.join()
    assert heard == [("vm", "reset")]
    assert [line.split(" at ")[0] for line in said] == [
        "libvirt", "listening to libvirt", "libvirt", "listening to libvirt"
    ]  # fmt: skip
    assert "no socket" in said[0]


def test_a_report_that_cannot_be_kept_is_said_and_ends_nothing():
    said: list[str] = []

    def full(_instance: str, _action: str) -> None:
        raise OSError(28, "No space left on device")

    libvirt = Libvirt()
    Listener(libvirt, "", full, said.append)._fired(libvirt, libvirt, 1, None)
    assert said == ["a watchdog that fired is not kept: [Errno 28] No space left on device"]


def test_actions_have_the_names_of_libvirts_numbers():
    """virDomainEventWatchdogAction: NONE 0, PAUSE 1, RESET 2, POWEROFF 3, SHUTDOWN 4, DEBUG 5, INJECTNMI 6."""
    assert [action_word(number) for number in range(-1, 8)] == [
        *("none", "none", "pause", "reset", "poweroff", "shutdown", "debug", "inject_nmi", "none")
    ]


def test_without_the_binding_it_says_what_to_install(mcfed, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "libvirt", None)
    ran = mcfed("agent", "core_r")
    assert ran.code == 1
    assert "install python3-libvirt" in ran.err


def test_a_spool_that_cannot_be_written_is_named(mcfed, monkeypatch, tmp_path):
    monkeypatch.setitem(__import__("sys").modules, "libvirt", Libvirt())
    (tmp_path / "file").write_text("")
    ran = mcfed("agent", "core_r", "--spool", str(tmp_path / "file" / "spool"))
    assert ran.code == 1
    assert "--spool" in ran.err
