"""Alive, ready, counted."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import OperationalError

from fed_common.inventory.models import Revision
from fed_common.telemetry import metrics
from tests.callers import Caller

pytestmark = pytest.mark.django_db


def test_alive_and_ready(nobody: Caller) -> None:
    for path in ("//healthz", "//readyz"):
        answer = nobody.ask("GET", path)
        assert (answer.status_code, answer.json()) == (200, {"ok": True})


def test_without_a_database_it_is_alive_and_not_ready(nobody: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    def down(**_conditions: Any) -> None:
        raise OperationalError("connection to db.secret.example failed")

    monkeypatch.setattr(Revision.objects, "filter", down)

    ready = nobody.ask("GET", "//readyz")

    assert nobody.ask("GET", "//healthz").status_code == 200
    assert ready.status_code == 503
    assert ready.json() == {"ok": False, "reason": "the database cannot be used: OperationalError"}


def test_what_was_counted_is_told_to_prometheus(nobody: Caller) -> None:
    metrics.DEAD.labels("vio_Counted").inc(3)

    answer = nobody.ask("GET", "//metrics")

    assert answer["Content-Type"].startswith("text/plain")
    assert 'mcfed_dead_events_total{vim="vio_Counted"} 3.0' in answer.content.decode()
