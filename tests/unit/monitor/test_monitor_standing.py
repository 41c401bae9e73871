"""An executor that cannot be believed hands its shards back, and takes part again when it is well."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, ClassVar

import pytest

from fed_common.core.errors import Retryable
from fed_common.monitor.executor import standing as module
from fed_common.monitor.executor.standing import Standing


class Ownership:
    """Owns shard 1 from start to stop."""

    made: ClassVar[list[Ownership]] = []

    def __init__(self, name: str, gained: Callable[[Mapping[int, int]], None], lost: Callable[..., None]) -> None:
        self.name, self._gained, self._lost = name, gained, lost
        self.owned: dict[int, int] = {}
        self.ready = self.fenced = False
        Ownership.made.append(self)

    def start(self) -> None:
        self.owned = {1: len(Ownership.made)}
        self.ready = True
        self._gained(self.owned)

    def stop(self) -> None:
        lost, self.owned = self.owned, {}
        self._lost(lost)

    def epochs(self) -> Mapping[int, int]:
        return self.owned

    def health(self) -> dict[str, Any]:
        return {"shards": len(self.owned)}


@pytest.fixture
def told() -> list[Collection[int]]:
    return []


@pytest.fixture
def standing(monkeypatch: pytest.MonkeyPatch, told: list[Any]) -> Iterator[Standing]:
    monkeypatch.setattr(module, "ShardOwnership", Ownership)
    monkeypatch.setattr(module, "LOOK_EVERY", 0.01)
    Ownership.made.clear()
    made = Standing("me", lambda epochs: told.append(dict(epochs)), lambda shards: told.append(list(shards)))
    made.start()
    yield made
    made.stop()


def test_shards_are_handed_back_until_all_is_well(
    standing: Standing, told: list[Any], eventually: Callable[..., object]
) -> None:
    answers: list[Any] = [False, Retryable("the database cannot be used now"), False, True]

    def is_well() -> bool:
        answer = answers.pop(0)
        if isinstance(answer, Retryable):
            raise answer
        return bool(answer)

    assert standing.ready
    standing.step_back(is_well)
    standing.step_back(lambda: True)  # it is on its way already
    eventually(lambda: not standing.stepped_back)
    assert told == [{1: 1}, [1], {1: 2}]  # T97
    assert (answers, standing.epochs(), standing.ready) == ([], {1: 2}, True)
    assert [one.name for one in Ownership.made] == ["me", "me"]


def test_who_stepped_back_is_not_ready_and_can_be_stopped(
    standing: Standing, eventually: Callable[..., object]
) -> None:
    standing.step_back(lambda: False)
    eventually(lambda: standing.epochs() == {})
    assert not standing.ready
    assert standing.health() == {"shards": 0, "stepped_back": True}
    standing.stop()
    assert not standing.stepped_back
    standing.step_back(lambda: True)
    assert not standing.stepped_back
