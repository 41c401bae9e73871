"""The probe of a VIM that signs in: what is said of the VIM, and what of the monitor."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, ClassVar

import pytest

from fed_common.core.errors import CloudFailed, CloudTimeout, Invalid, Retryable, Unsupported
from fed_common.core.health import Check, Outcome, ProbeKind, Verdict
from fed_common.core.model import Vim, VimId
from fed_common.inventory.directory import Directory
from fed_common.monitor.executor import vim_api as module
from fed_common.monitor.executor.vim_api import VimApiProber
from tests.watched import watched_vim

CHECK = Check(ProbeKind.VIM_API, "cloud_r1", timeout=5)


class Probed:
    """A plugin whose ``probe_vim`` does what ``does`` says."""

    does: ClassVar[list[Exception | None]] = []
    open: ClassVar[threading.Event] = threading.Event()
    asked: ClassVar[list[tuple[str, float]]] = []

    def probe_vim(self, vim: Vim, *, timeout: float) -> None:
        self.asked.append((str(vim.id), timeout))
        assert vim.id.region == "prompt" or self.open.wait(60)
        failure = self.does[0]
        if failure:
            raise failure


@pytest.fixture
def prober(db: None, settings: Any) -> Iterator[VimApiProber]:
    settings.CLOUD_PLUGINS = {**settings.CLOUD_PLUGINS, "openstack": f"{__name__}.Probed"}
    settings.VIM_API_THREADS = 2
    Probed.does[:], Probed.asked[:] = [None], []
    Probed.open.set()
    watched_vim()
    made = VimApiProber()
    yield made
    Probed.open.set()
    made.stop()


def test_a_vim_that_lets_us_in_is_up(prober: VimApiProber) -> None:
    outcome = prober.probe(CHECK)
    assert outcome.verdict is Verdict.UP
    assert outcome.seconds > 0
    assert Probed.asked == [("cloud_r1", 5)]


@pytest.mark.parametrize(
    ("failure", "verdict", "reason"),
    [
        (CloudFailed("cloud_r1", "refuses the credentials"), Verdict.DOWN, "refuses the credentials"),
        (CloudTimeout("cloud_r1", "no answer in 5 s"), Verdict.DOWN, "no answer in 5 s"),
        (Invalid("auth_url", "x", "a URL"), Verdict.DOWN, "auth_url"),
        (Unsupported("openstack", "be probed"), Verdict.ERROR, "be probed"),
        (ZeroDivisionError("password=hunter2"), Verdict.ERROR, "the plugin failed"),
    ],
)
def test_what_fails_is_told_apart(prober: VimApiProber, failure: Exception, verdict: Verdict, reason: str) -> None:
    Probed.does[0] = failure
    outcome = prober.probe(CHECK)
    assert outcome.verdict is verdict
    assert reason in outcome.reason
    assert "hunter2" not in outcome.reason


@pytest.mark.parametrize("vim_id", ["nobody_r1", "no-vim-id", "cloud_r2"])
def test_a_vim_that_is_not_known_says_nothing_of_itself(prober: VimApiProber, vim_id: str) -> None:
    watched_vim("r2", type="unknown")
    assert prober.probe(Check(ProbeKind.VIM_API, vim_id)).verdict is Verdict.ERROR


def test_a_vim_is_probed_while_the_database_is_away(prober: VimApiProber, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object) -> Any:
        raise Retryable("the database cannot be used now")

    assert prober.probe(CHECK).verdict is Verdict.UP
    monkeypatch.setattr(Directory, "find", away)
    assert prober.probe(CHECK).verdict is Verdict.UP
    Probed.does[0] = CloudFailed("cloud_r1", "no")
    assert prober.probe(CHECK).verdict is Verdict.DOWN
    assert prober.probe(Check(ProbeKind.VIM_API, "cloud_other")).verdict is Verdict.ERROR


def test_a_check_waits_for_a_thread_and_its_timeout_begins_then(
    prober: VimApiProber, monkeypatch: pytest.MonkeyPatch
) -> None:
    vim = prober._find("cloud_r1")
    monkeypatch.setattr(module, "directory", lambda: type("Known", (), {"find": lambda self, id: vim})())
    Probed.open.clear()

    async def many() -> list[Outcome]:
        checks = [asyncio.ensure_future(prober(CHECK)) for _ in range(10)]
        while len(Probed.asked) < 2:
            await asyncio.sleep(0.001)
        assert not any(one.done() for one in checks)
        Probed.open.set()
        return list(await asyncio.gather(*checks))

    outcomes = asyncio.run(many())
    assert {one.verdict for one in outcomes} == {Verdict.UP}
    assert Probed.asked == [("cloud_r1", 5)] * 10


def test_vims_that_let_their_checks_run_out_of_time_delay_no_others(
    prober: VimApiProber, monkeypatch: pytest.MonkeyPatch
) -> None:
    vim = prober._find("cloud_r1")
    prompt = replace(vim, id=VimId("cloud", "prompt"))
    known = {"cloud_r1": vim, "cloud_prompt": prompt}
    monkeypatch.setattr(
        module, "directory", lambda: type("Known", (), {"find": lambda self, id: known[str(id)]})()
    )
    Probed.does[0] = CloudTimeout("cloud_r1", "no answer in 5 s")
    assert prober.probe(CHECK).verdict is Verdict.DOWN
    Probed.does[0] = None
    Probed.open.clear()

    async def many() -> Outcome:
        for _ in range(10):
            asyncio.ensure_future(prober(CHECK))  # noqa: RUF006
        outcome = await asyncio.wait_for(prober(Check(ProbeKind.VIM_API, "cloud_prompt")), 5)
        Probed.open.set()
        return outcome

    assert asyncio.run(many()).verdict is Verdict.UP
