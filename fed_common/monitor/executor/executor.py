"""One executor: owns a share of the shards, probes their targets, and tells conductors what flips."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from django.conf import settings

from fed_common.bus.kill_queues import KillQueues
from fed_common.bus.rpc import RpcServer
from fed_common.core.brake import Brake
from fed_common.core.health import Check, Flip, Health, Outcome, ProbeKind, Report, Target, Verdict
from fed_common.events.models import Role
from fed_common.events.ownership import living, own_name
from fed_common.monitor.engine.engine import Engine
from fed_common.monitor.executor.cross_check import SAMPLE, CrossCheck
from fed_common.monitor.executor.endpoints import Endpoints
from fed_common.monitor.executor.killing import Killing
from fed_common.monitor.executor.loop import LoopThread
from fed_common.monitor.executor.reports import Reports
from fed_common.monitor.executor.standing import Standing
from fed_common.monitor.executor.targets import TargetFeed
from fed_common.monitor.executor.vim_api import VimApiProber
from fed_common.monitor.executor.watching import Watching
from fed_common.monitor.rpc import EXCHANGE, KILL_TOPIC, OPINION_WITHIN, conductor, executors
from fed_common.telemetry import metrics
from fed_common.telemetry.logging import get_logger

LOOP_WITHIN = 5.0
CHUNK = 500

log = get_logger(__name__)


class Executor:
    """Everything of one ``manage.py monitor``."""

    def __init__(self) -> None:
        """Raises Invalid naming the setting. No I/O."""
        url = settings.TRANSPORT_URL
        self.name = own_name()
        self._loop = LoopThread()
        self._vim_api = VimApiProber()
        self._engine = Engine(self._hear, {ProbeKind.VIM_API: self._vim_api})
        self._queues = KillQueues(url, self._hear_queue, exchange=EXCHANGE, topic=KILL_TOPIC)
        self._watching = Watching(self._engine, self._queues, self._flipped)
        self._standing = Standing(self.name, self._gained, self._lost)
        self._feed = TargetFeed(self._standing.epochs, self)
        self._killing = Killing(self._drop, self._actions_of, lambda id: conductor().killed(id))
        brake = Brake(settings.BRAKE_PERCENT, settings.BRAKE_COUNT, settings.BRAKE_WINDOW)
        self._cross_check = CrossCheck(brake, lambda: len(self._watching), self._peers, _opinion)
        self._reports = Reports(
            lambda reports: conductor().report(reports), self._standing.epochs, self._believes, self._bad_action
        )
        endpoints = Endpoints(self._killing, self._is_watched, self._feed.look, self._ask)
        self._server = RpcServer(url, exchange=EXCHANGE, topic=KILL_TOPIC, server=self.name, endpoints=[endpoints])

    def start(self) -> None:
        """Begin to claim shards and to probe; returns at once, or when the bus was tried once."""
        self._loop.start()
        self._loop.wait_for(self._engine.start, LOOP_WITHIN)
        for part in (self._queues, self._killing, self._reports, self._feed, self._standing, self._server):
            part.start()
        log.info("executor started", executor=self.name)

    def stop(self) -> None:
        """Say nothing any more, give the shards up at once, and end."""
        for part in (self._standing, self._server, self._feed, self._reports, self._killing, self._queues):
            part.stop()
        self._loop.wait_for(self._engine.stop, LOOP_WITHIN)
        self._vim_api.stop()
        self._loop.stop()

    @property
    def ready(self) -> bool:
        """Whether a share was taken and its targets were read."""
        return self._standing.ready and self._feed.loaded

    def health(self) -> dict[str, Any]:
        """What a health page wants to know."""
        owned = self._standing.health()
        metrics.MONITOR_SHARDS.set(owned["shards"])
        metrics.MONITOR_FENCED.set(owned["fenced"])
        engine = self._engine_health()
        return {
            "ok": self.ready and bool(engine),
            "executor": self.name,
            **owned,
            "targets": len(self._watching),
            "untold": len(self._reports),
            "brake": self._cross_check.holds,
            "bus": self._server.listening,
            "kill_queues": self._queues.listening,
            "engine": engine,
        }

    def _engine_health(self) -> dict[str, object]:
        """Empty when the loop does not answer."""
        try:
            return self._loop.wait_for(lambda: self._engine.health, LOOP_WITHIN)
        except TimeoutError:
            return {}

    def renew(self, shards: Collection[int], targets: Sequence[Target]) -> None:
        """These shards were gained, and this is all there is in them."""
        ids = {target.id for target in targets}
        self._loop.call(self._watching.retain, shards, ids)
        self._put(targets, anew=True)

    def change(self, targets: Sequence[Target], removed: Sequence[int]) -> None:
        """These targets are new or have changed, and those ids are removed."""
        self._loop.call(self._watching.remove, removed)
        self._put(targets, anew=False)

    def _put(self, targets: Sequence[Target], *, anew: bool) -> None:
        """In pieces, between which the loop hears answers."""
        for start in range(0, len(targets), CHUNK):
            self._loop.call(self._put_owned, targets[start : start + CHUNK], anew)

    def _put_owned(self, targets: Sequence[Target], anew: bool) -> None:
        """What was read may have been lost meanwhile."""
        owned = self._standing.epochs()
        self._watching.put([one for one in targets if one.shard in owned], anew=anew)

    def _gained(self, epochs: Mapping[int, int]) -> None:
        """After a fence some that we went on to probe may be another's."""
        self._loop.call(self._watching.keep, dict(self._standing.epochs()))
        self._feed.gained(epochs)

    def _lost(self, _shards: Collection[int]) -> None:
        """Behind a fence the targets may still be ours: they are probed, and nothing is said."""
        if not self._standing.fenced:
            self._loop.call(self._watching.keep, dict(self._standing.epochs()))

    def _hear(self, key: int, outcome: Outcome) -> None:
        self._watching.hear(key, outcome)

    def _flipped(self, target: Target, flip: Flip, before: Health) -> None:
        if flip.health is Health.DOWN and before is Health.UP:
            self._cross_check.note()
        self._reports.put(target, flip)

    def _hear_queue(self, subject: str, method: str, arguments: dict[str, Any]) -> None:
        if method == "kill":
            self._killing.kill(str(arguments["action_id"]))
        elif method == "killAction":
            self._killing.kill_subject(subject)
        else:
            self._feed.look()

    def _bad_action(self, report: Report) -> None:
        """A conductor does not want this action: stop, until its row says otherwise."""
        log.warning("a conductor refused an action", action=report.action_id, target=report.target)
        self._loop.call(self._remove_if, report)

    def _remove_if(self, report: Report) -> None:
        """Unless it is another one by now: a new action, or ours again with a new epoch."""
        now = self._watching.target(report.target)
        same = now is not None and now.action_id == report.action_id
        if now and same and self._standing.epochs().get(now.shard) == report.epoch:
            self._watching.remove([now.id])

    def _drop(self, action_id: str) -> bool:
        return self._loop.wait_for(lambda: self._watching.drop(action_id), LOOP_WITHIN)

    def _actions_of(self, subject: str) -> set[str]:
        return self._loop.wait_for(lambda: self._watching.actions_of(subject), LOOP_WITHIN)

    def _is_watched(self, action_id: str) -> bool:
        return self._loop.wait_for(lambda: self._watching.has(action_id), LOOP_WITHIN)

    def _ask(self, check: Check) -> Verdict:
        """ERROR when it takes too long: that is no opinion."""
        try:
            return self._loop.run(self._engine.ask(check), OPINION_WITHIN * 0.9).verdict
        except TimeoutError:
            return Verdict.ERROR

    def _peers(self) -> list[str]:
        return [name for name in living(Role.EXECUTOR) if name != self.name]

    def _believes(self, failed: Sequence[Target]) -> bool:
        """When others see what we do not, they have our shards until we see it too, or they are gone."""
        believed = self._cross_check.believes(failed)
        if not believed:
            checks = [target.check for target in failed[:SAMPLE]]
            self._standing.step_back(lambda: not self._peers() or self._sees(checks))
        return believed

    def _sees(self, checks: Sequence[Check]) -> bool:
        return [self._ask(check) for check in checks].count(Verdict.UP) * 2 > len(checks)


def _opinion(executor: str, target: Target) -> str:
    return executors().second_opinion(executor, asdict(target.check))
