"""Whatever is told, told again, reset and killed: rules do what a simple model says, each transition once."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from fed_common.alarms.evaluator import evaluating
from fed_common.alarms.evaluator.evaluating import Evaluator
from fed_common.alarms.evaluator.rule_book import RuleBook
from fed_common.alarms.models import Heard, PartSeen, Rule, RuleChange
from fed_common.alarms.table.writing import Clear, Raise
from fed_common.core import clock
from fed_common.core.model import Event
from fed_common.notify.models import Delivery
from fed_common.topics.statements import Statements
from tests.evaluated import CLEAR, Told, error_rule, listening, set_state, update

pytestmark = pytest.mark.django_db(transaction=True)
OBJECTS = ("one", "two")
STEPS = 12

happening = st.tuples(st.sampled_from(OBJECTS), st.sampled_from(("error", "active", "building")))
operation = st.one_of(
    st.tuples(st.just("tell"), st.lists(happening, min_size=1, max_size=5), st.integers(0, STEPS)),
    st.tuples(st.just("again"), st.integers(0, 20), st.integers(0, STEPS)),
    st.tuples(st.just("reset"), st.integers(0, 3), st.sampled_from(("ok", "insufficient data"))),
)


class Killed(BaseException):
    """As kill -9, for this process."""


class Model:
    """One rule, as the specification has it."""

    def __init__(self, *, repeat: bool, clears: bool) -> None:
        self.repeat, self.clears = repeat, clears
        self.state = "insufficient data"
        self.told: list[tuple[str, str]] = []
        self.troubled: set[str] = set()
        self.row = error_rule(extras=CLEAR if clears else {}, repeat_actions=repeat)

    def hear(self, event: Event) -> None:
        """An event that is new."""
        if event.state == "error":
            if self.state != "alarm":
                self.troubled = set()
            if self.state != "alarm" or self.repeat:
                self.state = "alarm"
                self.told.append((event.id, "alarm"))
            self.troubled.add(event.instance_id)
        elif event.state == "active" and self.clears and self.state == "alarm":
            self.troubled.discard(event.instance_id)
            if not self.troubled:
                self.state = "ok"
                self.told.append((event.id, "ok"))

    def reset(self, state: str) -> Clear:
        """By hand; what the table is told of it."""
        self.state = state
        set_state(self.row, state)
        return Clear(str(self.row.pk), clock.now(), str(uuid.uuid4()), rule_id=self.row.pk)

    def check(self, changes: list[Any]) -> None:
        """Against the rows, and what the table was told."""
        rows = list(Delivery.objects.filter(alarm_id=str(self.row.pk)))
        assert sorted((*row.cause.rsplit(":", 1),) for row in rows) == sorted(self.told)
        assert RuleChange.objects.filter(rule_id=self.row.pk).count() == len(self.told)
        assert Rule.objects.get(pk=self.row.pk).state == self.state
        if self.clears and self.state == "alarm":
            assert _open(self.row, changes) == self.troubled


def _open(row: Rule, changes: list[Any]) -> set[str]:
    """Which objects the table has in trouble; a cause it knows already changes nothing."""
    found, known = set[str](), set[tuple[str, str]]()
    for change in changes:
        if change.problem != str(row.pk):
            continue
        if change.about is None:
            found.clear()
            continue
        if (change.cause, change.about.id) in known:
            continue
        known.add((change.cause, change.about.id))
        (found.add if isinstance(change, Raise) else found.discard)(change.about.id)
    return found


class House:
    """An evaluator that can be killed at any step, and what it was told."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, sent: Told) -> None:
        self._left = 0
        self.batches: list[list[Event]] = []
        monkeypatch.setattr(evaluating, "FIRST_CUT", 2)
        monkeypatch.setattr(evaluating, "CUT", 3)
        for room, name in ((evaluating, "hand_over"), (evaluating, "write"), (Statements, "run")):
            monkeypatch.setattr(room, name, self._killable(getattr(room, name)))

    def _killable(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def killable(*given: Any, **named: Any) -> Any:
            self._step()
            answer = call(*given, **named)
            self._step()
            return answer

        return killable

    def _step(self) -> None:
        self._left -= 1
        if self._left == 0:
            raise Killed

    def tell(self, batch: list[Event], die_at: int) -> None:
        """Until it is evaluated: by one that dies, then by another."""
        self._left = die_at
        try:
            Evaluator(RuleBook()).evaluate(batch)
        except Killed:
            self._left = 0
            Evaluator(RuleBook()).evaluate(batch)


@settings(
    max_examples=25,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(operations=st.lists(operation, max_size=10))
@example(
    operations=[
        ("tell", [("one", "error")], 0),
        ("reset", 1, "ok"),
        ("tell", [("two", "error"), ("two", "active")], 0),
    ]
)
def test_rules_do_what_the_model_says(operations: list[Any], request: pytest.FixtureRequest) -> None:
    """N31 N44 N45 N49 N59"""
    for model in (Rule, RuleChange, Heard, PartSeen, Delivery):
        model.objects.all().delete()
    with pytest.MonkeyPatch.context() as monkeypatch:
        sent = listening(monkeypatch)
        house = House(monkeypatch, sent)
        models = [Model(repeat=repeat, clears=clears) for repeat in (False, True) for clears in (False, True)]
        for kind, what, how in operations:
            _do(house, models, sent, kind, what, how)
        for model in models:
            model.check(sent.changes)


def _do(house: House, models: list[Model], sent: Told, kind: str, what: Any, how: Any) -> None:
    if kind == "reset":
        sent.changes.append(models[what].reset(how))
    elif kind == "tell":
        house.batches.append([update(name, state) for name, state in what])
        house.tell(house.batches[-1], how)
        for event in house.batches[-1]:
            for model in models:
                model.hear(event)
    elif house.batches:
        house.tell(house.batches[what % len(house.batches)], how)
