"""The routing table: kept fresh, kept at all when the database is gone."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import OperationalError

from fed_common.core.errors import Retryable
from fed_common.events.models import Sink, Subscription
from fed_common.inventory.models import Revision
from tests.scripted import subscribe


def test_the_table_is_loaded_once_and_again_only_when_the_revision_was_raised(routes: Any) -> None:
    assert routes.refresh()
    assert routes.loaded.is_set()
    assert not routes.refresh()
    subscribe("new", "x")
    assert routes.refresh()
    assert [route.subscription for route in routes.current.routes] == ["new"]


def test_a_subscription_that_is_switched_off_has_no_route(routes: Any) -> None:
    row = subscribe("s", "x")
    row.enabled = False
    row.save()
    routes.refresh()
    assert routes.current.sinks_of("s") == ()


def test_sinks_with_the_same_options_share_a_publisher(routes: Any) -> None:
    subscribe("one", "same")
    subscribe("two", "same", "other")
    routes.refresh()
    one, (two, other) = routes.current.sinks_of("one")[0], routes.current.sinks_of("two")
    assert one.publisher is two.publisher
    assert one.publisher is not other.publisher


def test_a_change_of_the_filter_keeps_the_publisher(routes: Any) -> None:
    subscribe("s", "x")
    routes.refresh()
    before = routes.current.sinks_of("s")[0].publisher
    subscribe("s", "x", filter={"kinds": ["DELETE"]})
    routes.refresh()
    assert routes.current.sinks_of("s")[0].publisher is before


def test_the_last_table_stays_while_the_database_is_down(routes: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    subscribe("s", "x")
    routes.refresh()
    table = routes.current

    def down(*_args: Any, **_options: Any) -> Any:
        raise OperationalError("connection refused")

    monkeypatch.setattr(Revision.objects, "filter", down)
    with pytest.raises(Retryable):
        routes.refresh()
    assert routes.current is table


def test_a_stored_sink_that_cannot_be_used_keeps_the_last_table_in_force(routes: Any) -> None:
    subscribe("s", "x")
    routes.refresh()
    table = routes.current
    Sink.objects.create(subscription=Subscription.objects.get(), publisher="gone-from-the-settings", topic="t")
    Revision.raise_it()
    with pytest.raises(Exception, match="gone-from-the-settings"):
        routes.refresh()
    assert routes.current is table
