"""The fence: nothing is owned after the deadline, and what is told is in order."""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Iterator, Mapping

import pytest

from fed_common.monitor.shards.fence import Fence
from tests.waiting import until

LONG = 60.0


class Told:
    """What was gained and lost, in order; a shard gained or lost twice is an error."""

    def __init__(self) -> None:
        self.owned: dict[int, int] = {}
        self.said: list[str] = []
        self.seen_when_lost: list[Mapping[int, int]] = []
        self.fence = Fence(self.gained, self.lost, lambda: None)

    def gained(self, epochs: Mapping[int, int]) -> None:
        assert not self.owned.keys() & epochs.keys()
        self.owned.update(epochs)
        self.said.append(f"gained {dict(epochs)}")

    def lost(self, shards: Collection[int]) -> None:
        self.seen_when_lost.append(self.fence.epochs)
        for shard in shards:
            del self.owned[shard]
        self.said.append(f"lost {list(shards)}")


@pytest.fixture
def told() -> Iterator[Told]:
    made = Told()
    made.fence.start()
    yield made
    made.fence.stop()


def soon(seconds: float = LONG) -> float:
    return time.monotonic() + seconds


def test_differences_are_told_and_are_true_when_hold_comes_back(told: Told) -> None:
    assert told.fence.hold({1: 1, 2: 1}, soon())
    assert told.fence.epochs == told.owned == {1: 1, 2: 1}
    assert told.fence.hold({2: 1, 3: 5}, soon())
    assert told.fence.hold({2: 1, 3: 5}, soon())
    assert told.said == ["gained {1: 1, 2: 1}", "lost [1]", "gained {3: 5}"]


def test_another_epoch_is_lost_and_gained(told: Told) -> None:
    told.fence.hold({1: 1, 2: 1}, soon())
    told.fence.hold({1: 2, 2: 1}, soon())
    assert told.said == ["gained {1: 1, 2: 1}", "lost [1]", "gained {1: 2}"]
    assert told.seen_when_lost == [{2: 1}]


def test_after_the_deadline_everything_is_lost_without_anybody_saying_so(told: Told) -> None:
    until(lambda: told.fence.hold({1: 1}, soon(0.5), anew=True))
    until(lambda: told.said[-2:] == ["gained {1: 1}", "lost [1]"])
    assert told.fence.fenced
    assert told.fence.epochs == {}


def test_the_deadline_holds_also_while_a_callback_hangs() -> None:  # T95
    """As when the process was stopped: who asks first sees nothing, before anything was told."""
    hanging, inside = threading.Event(), threading.Event()

    def gained(_: Mapping[int, int]) -> None:
        inside.set()
        hanging.wait(LONG)

    fence = Fence(gained, lambda _: None, lambda: None)
    fence.start()
    threading.Thread(target=fence.hold, args=({1: 1}, soon(5)), daemon=True).start()
    assert inside.wait(LONG)
    assert fence.epochs == {1: 1}
    until(lambda: fence.fenced and fence.epochs == {})
    hanging.set()
    fence.stop()


def test_a_renewal_that_comes_too_late_does_not_count(told: Told) -> None:
    told.fence.hold({1: 1}, soon())
    assert not told.fence.hold({1: 1}, time.monotonic() - 0.01)
    assert told.said == ["gained {1: 1}", "lost [1]"]
    assert not told.fence.hold({1: 1}, soon())
    assert told.fence.epochs == {}


def test_only_who_holds_anew_ends_the_fence_and_the_end_is_told_even_with_nothing(told: Told) -> None:
    told.fence.hold({1: 1}, soon())
    told.fence.shut()
    told.fence.shut()
    assert told.fence.fenced
    assert told.fence.hold({}, soon(), anew=True)
    assert not told.fence.fenced
    assert told.said == ["gained {1: 1}", "lost [1]", "gained {}"]


def test_a_closed_fence_stays_closed(told: Told) -> None:
    told.fence.hold({1: 1}, soon())
    told.fence.close()
    told.fence.close()
    assert not told.fence.hold({1: 2}, soon(), anew=True)
    assert told.said == ["gained {1: 1}", "lost [1]"]


def test_a_callback_that_fails_does_not_end_the_watching() -> None:
    def fail(_: object) -> None:
        raise RuntimeError("broken")

    fence = Fence(fail, fail, lambda: None)
    fence.start()
    assert fence.hold({1: 1}, soon())
    fence.shut()
    assert fence.fenced
    assert fence.hold({1: 2}, soon(), anew=True)
    assert fence.epochs == {1: 2}
    fence.stop()
