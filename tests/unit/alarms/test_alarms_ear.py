"""The ear of the house: what the river hears, the rules hear."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from fed_common.alarms.evaluator import evaluating, rule_book
from fed_common.core.errors import Retryable
from fed_common.events.pipeline import Pipeline
from fed_common.events.routes import Routes
from tests.evaluated import Told, error_rule, listening, update
from tests.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)
VIM = "vio_RegionOne"


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Told:
    return listening(monkeypatch)


@pytest.fixture
def pipeline(settings: Any) -> Iterator[Pipeline]:
    settings.HOUSE_PUBLISHERS = {"alarms": settings.HOUSE_PUBLISHERS["alarms"]}
    routes = Routes()
    routes.start()
    assert routes.loaded.wait(60)
    made = Pipeline(VIM, routes)
    yield made
    made.stop()
    routes.stop()


def test_the_rules_are_known_before_the_first_event(told: Told, pipeline: Pipeline) -> None:
    until(lambda: rule_book.rule_book().known >= 0)


def test_both_copies_of_a_fact_are_one_event(told: Told, pipeline: Pipeline) -> None:
    """N53"""
    error_rule("one", repeat_actions=True)
    legacy, versioned = (update("one", fact="f", wire=wire) for wire in ("legacy", "versioned"))
    assert pipeline.process([legacy, versioned])
    assert [one.cause for one in told.deliveries] == [f"{legacy.id}:alarm"]


def test_the_river_waits_until_the_rules_heard_it(
    told: Told, pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    """N58"""
    error_rule("one")
    failures = iter([Retryable("the database cannot be used now")] * 2)
    turn = evaluating.turn

    def away_at_first(*given: Any, **named: Any) -> Any:
        for failure in failures:
            raise failure
        return turn(*given, **named)

    monkeypatch.setattr(evaluating, "turn", away_at_first)
    assert pipeline.process([update("one")])
    assert len(told.deliveries) == 1
