"""The brake of one executor: when many targets fail at once, others are asked."""

from __future__ import annotations

import pytest

from fed_common.core.brake import Brake
from fed_common.core.errors import Retryable
from fed_common.core.health import Check, ProbeKind, Target
from fed_common.monitor.executor.cross_check import CrossCheck
from fed_common.telemetry import metrics

FAILED = [Target(id, "a", "s", 0, Check(ProbeKind.PING, f"10.0.0.{id}")) for id in range(20)]


class Peers:
    """Other executors, of which each says the same of everything."""

    def __init__(self, **says: str) -> None:
        self.says, self.asked = says, 0

    def names(self) -> list[str]:
        return sorted(self.says)

    def opinion(self, executor: str, target: Target) -> str:
        self.asked += 1
        if self.says[executor] == "dead":
            raise Retryable("nobody answered second_opinion in time")
        return self.says[executor]


def cross_check(peers: Peers, total: int = 20, window: float = 60.0) -> CrossCheck:
    return CrossCheck(Brake(20, 10, window), lambda: total, peers.names, peers.opinion)


def fail(check: CrossCheck, count: int) -> bool:
    for _ in range(count):
        check.note()
    return check.believes(FAILED[:count])


def test_few_failures_are_believed_and_nobody_is_asked() -> None:
    peers = Peers(b="up")
    assert fail(cross_check(peers), 10)
    assert fail(cross_check(peers, total=1000), 20)
    assert peers.asked == 0


@pytest.mark.parametrize(
    ("says", "believed"),
    [
        ({"b": "up"}, False),
        ({"b": "up", "c": "up"}, False),
        ({"b": "down"}, True),
        ({"b": "error"}, True),
        ({"b": "dead"}, True),
        ({"b": "something else"}, True),
        ({}, True),
    ],
    ids=["T97-sick", "T97-two", "agreed", "no-opinion", "dead", "nonsense", "alone"],
)
def test_many_failures_are_believed_unless_others_see_the_targets(says: dict[str, str], believed: bool) -> None:
    check = cross_check(Peers(**says))
    assert fail(check, 15) is believed
    assert check.holds
    assert metrics.MONITOR_BRAKE._value.get() == 1


def test_others_are_asked_once_while_it_holds() -> None:
    peers = Peers(b="down")
    check = cross_check(peers)
    assert fail(check, 15)
    assert fail(check, 5)
    assert peers.asked == 5


def test_it_lets_go_when_no_more_fail() -> None:
    check = cross_check(Peers(b="up"), window=0.0)
    assert fail(check, 15)
    assert not check.holds
