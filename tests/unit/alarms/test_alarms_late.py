"""What comes while the database is away: what rules are about waits, the rest passes and is looked at again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import OperationalError, connection

from fed_common.alarms.evaluator import late, rule_book
from fed_common.alarms.evaluator.evaluating import Evaluator
from fed_common.alarms.evaluator.late import LateEvents
from fed_common.alarms.evaluator.rule_book import RuleBook
from fed_common.core.errors import Retryable
from tests.evaluated import Told, error_rule, listening, update

pytestmark = pytest.mark.django_db(transaction=True)


@contextmanager
def no_database() -> Iterator[None]:
    def away(*_args: Any) -> None:
        raise OperationalError("the server closed the connection unexpectedly")

    with connection.execute_wrapper(away):
        yield


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Told:
    monkeypatch.setattr(LateEvents, "_run", lambda _self: None)
    monkeypatch.setattr(rule_book, "LOOK_AGAIN_AFTER", 0.0)
    return listening(monkeypatch)


@pytest.fixture
def evaluator(told: Told) -> Evaluator:
    made = Evaluator(RuleBook())
    assert made.prepare()
    return made


def test_a_rule_of_the_last_moment_hears_what_passed_meanwhile(evaluator: Evaluator, told: Told) -> None:
    """N58: it was not read yet when the database went away."""
    error_rule("one")
    with no_database():
        evaluator.evaluate([update("one")])
        evaluator.evaluate([update("two")])
    assert told.deliveries == []
    evaluator.evaluate([update("three")])
    assert len(told.deliveries) == 1
    evaluator.evaluate([])
    assert len(told.deliveries) == 1


def test_what_a_known_rule_is_about_waits_also_behind_what_passed(evaluator: Evaluator, told: Told) -> None:
    error_rule("one")
    assert evaluator.prepare()
    with no_database():
        evaluator.evaluate([update("somebody-else")])
        with pytest.raises(Retryable):
            evaluator.evaluate([update("one")])
    evaluator.evaluate([update("one")])
    assert len(told.deliveries) == 1


def test_there_is_room_for_so_many_only(evaluator: Evaluator, told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(late, "MOST", 2)
    with no_database():
        evaluator.evaluate([update("one"), update("two")])
        with pytest.raises(Retryable):
            evaluator.evaluate([update("three")])
