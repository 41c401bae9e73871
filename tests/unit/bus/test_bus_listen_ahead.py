"""The intake's two steps: it hears ahead of what it hands over, and acknowledges in order."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from fed_common.bus import listen
from fed_common.bus.listen import NotificationIntake
from fed_common.core.model import NotificationTransport
from tests.waiting import until


class ScriptedReader:
    """Puts what a test gives it; what becomes of it is ``settled``, in order."""

    connected = True

    def __init__(self) -> None:
        self.settled: list[tuple[str, list[int]]] = []
        self._put: Callable[[list[int]], None]
        self.reading = threading.Event()

    def read(self, put: Callable[[list[int]], None], stop: threading.Event) -> None:
        self._put = put
        self.reading.set()
        stop.wait()

    def arrives(self, *numbers: int) -> None:
        assert self.reading.wait(60)
        self._put(list(numbers))

    def notification(self, message: int) -> int:
        return message

    def acknowledge(self, batch: Sequence[int]) -> None:
        self.settled.append(("safe", list(batch)))

    def give_back(self, batch: Sequence[int]) -> None:
        self.settled.append(("back", list(batch)))


class House:
    """Hears and takes; ``open`` lets it take."""

    def __init__(self) -> None:
        self.heard: list[int] = []
        self.taken: list[int] = []
        self.broken: list[int] = []
        self.open = threading.Event()
        self.open.set()

    def hear(self, batch: Sequence[Any]) -> list[int]:
        if self.broken and self.broken[0] in batch:
            raise ValueError(self.broken.pop(0))
        self.heard += batch
        return [10 * number for number in batch]

    def take(self, heard: Sequence[int]) -> bool:
        assert self.open.wait(60)
        if self.broken and self.broken[0] in heard:
            raise ValueError(self.broken.pop(0))
        self.taken += heard
        return True


@pytest.fixture
def house() -> House:
    return House()


@pytest.fixture
def reader(monkeypatch: pytest.MonkeyPatch, house: House) -> Iterator[ScriptedReader]:
    reader = ScriptedReader()
    monkeypatch.setattr(listen, "_reader", lambda _transport: reader)
    monkeypatch.setattr(listen, "TRY_AGAIN_AFTER", 0.0)
    intake = NotificationIntake(NotificationTransport("fake://", "e", ("t",)), house.take, house.hear)
    intake.start()
    yield reader
    house.open.set()
    intake.stop(timeout=60)
    assert not any(thread.is_alive() for thread in intake._threads)


def test_hearing_goes_on_while_what_was_heard_is_not_taken(house: House, reader: ScriptedReader) -> None:
    house.open.clear()
    for number in (1, 2, 3):
        reader.arrives(number)
        until(lambda number=number: number in house.heard)
    assert (reader.settled, house.taken) == ([], [])
    house.open.set()
    until(lambda: house.taken == [10, 20, 30])
    until(lambda: [one for _, some in reader.settled for one in some] == [1, 2, 3])
    assert {word for word, _ in reader.settled} == {"safe"}


def test_what_waits_is_taken_together(house: House, reader: ScriptedReader) -> None:
    house.open.clear()
    for number in range(1, 8):
        reader.arrives(number)
        until(lambda number=number: number in house.heard)
    house.open.set()
    until(lambda: len(house.taken) == 7)
    until(lambda: sum(len(some) for _, some in reader.settled) == 7)
    assert len(reader.settled) <= 2


def test_no_more_is_heard_ahead_than_can_be_kept(
    house: House, reader: ScriptedReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listen, "AHEAD", 2)
    house.open.clear()
    for number in (1, 2, 3):
        reader.arrives(number)
        until(lambda number=number: number in house.heard)
    reader.arrives(4)
    reader.arrives(5)
    assert house.heard == [1, 2, 3]  # one is being taken, two wait
    house.open.set()
    until(lambda: house.taken == [10, 20, 30, 40, 50])


def test_what_cannot_be_heard_goes_back_and_the_rest_goes_on(house: House, reader: ScriptedReader) -> None:
    house.broken = [2]
    for number in (1, 2, 3):
        reader.arrives(number)
        until(lambda number=number: number in house.heard or not house.broken)
    until(lambda: house.taken == [10, 30])
    until(lambda: len(reader.settled) == 3)
    assert ("back", [2]) in reader.settled


def test_what_cannot_be_taken_goes_back_and_the_rest_goes_on(house: House, reader: ScriptedReader) -> None:
    house.broken = [10]
    reader.arrives(1)
    until(lambda: reader.settled == [("back", [1])])
    reader.arrives(2)
    until(lambda: reader.settled == [("back", [1]), ("safe", [2])])
    assert house.taken == [20]


def test_what_was_only_heard_is_not_acknowledged_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    reader, heard = ScriptedReader(), list[int]()
    taking, stopping = threading.Event(), threading.Event()

    def hear(batch: Sequence[Any]) -> Sequence[Any]:
        heard.extend(batch)
        return batch

    def take(_heard: Sequence[Any]) -> bool:
        taking.set()
        return not stopping.wait(60)

    monkeypatch.setattr(listen, "_reader", lambda _transport: reader)
    intake = NotificationIntake(NotificationTransport("fake://", "e", ("t",)), take, hear)
    intake.start()
    reader.arrives(1)
    assert taking.wait(60)
    reader.arrives(2)
    until(lambda: heard == [1, 2])
    stopping.set()
    intake.stop(timeout=60)
    assert reader.settled == []
