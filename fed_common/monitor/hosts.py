"""Detectors of host faults by the monitor's probing engine: hosts are pinged, or connected to.

A host that was never up cannot fail: see ``faults.detecting``, which knows what was told of it before.
"""

from __future__ import annotations

import asyncio
import time
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from django.conf import settings

from fed_common.core import clock
from fed_common.core.brake import Brake
from fed_common.core.errors import Invalid
from fed_common.core.health import Check, Flip, Health, Outcome, ProbeKind, Target, Verdict
from fed_common.core.judge import Judge
from fed_common.faults.detectors.reporting import Reporting
from fed_common.interfaces.detector import Detector, HostReport, Report
from fed_common.monitor.engine.engine import Engine
from fed_common.monitor.engine.tally import Tally
from fed_common.monitor.executor.loop import LoopThread
from fed_common.monitor.opinions import others_agree
from fed_common.telemetry.logging import get_logger

LOOP_WITHIN = 5.0
LOOK_EVERY = 0.5
REPORT_EVERY = 30.0
ASK_EVERY = 2.0

_LIMITS = {"interval": (0.05, 3600), "timeout": (0.05, 60), "fall": (1, 100), "rise": (1, 100)}

log = get_logger(__name__)
HostKey = tuple[str, str]


@dataclass(frozen=True, slots=True)
class PingConfig:
    """An echo every ``interval`` seconds; after ``fall`` in a row without a reply in time the host is down."""

    address: str
    interval: float = 0.2
    timeout: float = 0.2
    fall: int = 3
    rise: int = 3

    def __post_init__(self) -> None:
        """Raises Invalid naming the option."""
        if not 0 < len(self.address) <= 255 or not self.address.isprintable() or " " in self.address:
            raise Invalid("options.address", self.address, "an address, or a host name")
        for name, (least, most) in _LIMITS.items():
            if not least <= getattr(self, name) <= most:
                raise Invalid(f"options.{name}", getattr(self, name), f"{least} to {most}")


@dataclass(frozen=True, slots=True)
class TcpConfig(PingConfig):
    """A connection to ``port`` every ``interval`` seconds. A refused one is none."""

    interval: float = 0.5
    timeout: float = 0.5
    fall: int = 2
    rise: int = 2
    port: int = 22

    def __post_init__(self) -> None:
        """Raises Invalid naming the option."""
        PingConfig.__post_init__(self)
        if not 0 < self.port < 65536:
            raise Invalid("options.port", self.port, "1 to 65535")


class _Uncounted(Tally):
    """The metrics of the engine are the executor's, which may run in the same process."""

    def turn(self, now: float, late: float, targets: Mapping[ProbeKind, int]) -> None:  # type: ignore[override]
        """Tell nothing."""


@dataclass(slots=True)
class _Watched:
    """A host: who decides of it, since when its checks fail, what is held back, what is said again and when."""

    key: HostKey
    config: PingConfig
    judge: Judge
    failed_at: datetime | None = None
    held: HostReport | None = None
    down: HostReport | None = None
    again_at: float = 0.0


class HostMonitor(Detector):
    """What ping and tcp have in common. All of it happens on one loop in a thread of its own."""

    def __init__(self) -> None:
        self._loop = LoopThread()
        self._engine = Engine(self._hear, tally=_Uncounted())
        self._brake = Brake(settings.BRAKE_PERCENT, settings.BRAKE_COUNT, settings.BRAKE_WINDOW)
        self._watched: dict[int, _Watched] = {}
        self._numbers: dict[HostKey, int] = {}
        self._last = 0
        self._reporting: Reporting | None = None

    def start(self, report: Report) -> None:
        """See Detector."""
        self._reporting = Reporting(report)
        self._loop.start()
        self._loop.wait_for(self._engine.start, LOOP_WITHIN)
        self._loop.call(self._begin_to_look)

    def stop(self) -> None:
        """See Detector."""
        if self._reporting is None:
            return
        self._loop.wait_for(self._engine.stop, LOOP_WITHIN)
        self._loop.wait_for(self._looking.cancel, LOOP_WITHIN)
        self._loop.stop()
        self._reporting.stop()
        self._reporting = None

    def watch(self, hosts: dict[HostKey, PingConfig]) -> None:
        """See Detector."""
        self._loop.call(self._follow, dict(hosts))

    @property
    def health(self) -> dict[str, int]:
        """How many hosts are watched, and how many reports the brake holds back. Raises TimeoutError."""
        return self._loop.wait_for(self._counted, LOOP_WITHIN)

    @abstractmethod
    def check(self, config: PingConfig) -> Check:
        """How a host is asked."""

    def _begin_to_look(self) -> None:
        self._looking = self._loop.loop.create_task(self._look())

    def _counted(self) -> dict[str, int]:
        return {"hosts": len(self._watched), "held": len(self._held())}

    def _follow(self, hosts: Mapping[HostKey, PingConfig]) -> None:
        for key, number in list(self._numbers.items()):
            if hosts.get(key) != self._watched[number].config:
                self._engine.remove(number)
                del self._watched[number], self._numbers[key]
        for key in hosts.keys() - self._numbers.keys():
            self._put(key, hosts[key])

    def _put(self, key: HostKey, config: PingConfig) -> None:
        self._last += 1
        number, check = self._last, self.check(config)
        target = Target(number, "", "", 0, check, fall=config.fall, rise=config.rise)
        self._numbers[key], self._watched[number] = number, _Watched(key, config, Judge(target))
        self._engine.put(number, check)

    def _hear(self, number: int, outcome: Outcome) -> None:
        one = self._watched[number]
        before, now = one.judge.health, clock.now()
        if outcome.verdict is not Verdict.ERROR:
            one.failed_at = (one.failed_at or now) if outcome.verdict is Verdict.DOWN else None
        flip = one.judge.hear(outcome, wall=now)
        if flip:
            self._flipped(one, flip, before)

    def _flipped(self, one: _Watched, flip: Flip, before: Health) -> None:
        """A flapping host is left as it is until it is steady."""
        if flip.flapping:
            one.down = None
            log.warning("a host comes and goes", vim=one.key[0], host=one.key[1], detector=self.name)
            return
        down = flip.health is Health.DOWN
        seen_at = one.failed_at or clock.now()
        report = HostReport(*one.key, down=down, seen_at=seen_at, source=self.name, cause=flip.reason)
        one.held, one.down = None, None
        if down and before is not Health.DOWN:
            self._brake.note(time.monotonic())
        if down and (self._held() or self._brake.holds(time.monotonic(), len(self._watched))):
            one.held = report
            log.error("so many hosts fail at once that it may be us", vim=one.key[0], host=one.key[1])
            return
        self._tell(one, report)

    def _held(self) -> list[_Watched]:
        return [one for one in self._watched.values() if one.held]

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY)
            try:
                await self._say_again()
            except Exception:
                log.exception("hosts that are down are looked at again later", detector=self.name)

    async def _say_again(self) -> None:
        """Report those that are down for long, and those held back when others see it, too."""
        for one in self._watched.values():
            if one.down and time.monotonic() >= one.again_at:
                self._tell(one, one.down)
        if checks := [self.check(one.config) for one in self._held()]:
            if await asyncio.to_thread(others_agree, checks):
                for one in self._held():
                    self._tell(one, one.held)
            else:
                await asyncio.sleep(ASK_EVERY)

    def _tell(self, one: _Watched, report: HostReport | None) -> None:
        if not (self._reporting and report):
            return
        self._reporting.put(report)
        one.held, one.down = None, report if report.down else None
        one.again_at = time.monotonic() + REPORT_EVERY


class PingDetector(HostMonitor):
    """ICMP echoes."""

    name: ClassVar[str] = "ping"
    Config: ClassVar[type | None] = PingConfig

    def check(self, config: PingConfig) -> Check:
        """See HostMonitor."""
        return Check(ProbeKind.PING, config.address, interval=config.interval, timeout=config.timeout)


class TcpDetector(HostMonitor):
    """Connections to a port, such as that of SSH."""

    name: ClassVar[str] = "tcp"
    Config: ClassVar[type | None] = TcpConfig

    def check(self, config: PingConfig) -> Check:
        """See HostMonitor."""
        port = config.port if isinstance(config, TcpConfig) else 0
        return Check(ProbeKind.TCP, config.address, port, interval=config.interval, timeout=config.timeout)
