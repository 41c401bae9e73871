"""Many rows at once, as they are."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from fed_common.core import clock
from fed_common.faults.models import HostState
from fed_common.inventory.models import Vim
from fed_common.notify.models import Delivery
from fed_common.topics import statements
from fed_common.topics.statements import Statements, as_json, insert

pytestmark = pytest.mark.django_db


def delivery(**changes: Any) -> Delivery:
    columns = {"notifier": "log", "target": "log://", "shown": "log://", "endpoint": "log", "lane": "l"}
    return Delivery(**{**columns, "alarm_id": "a", "notice": {}, "created_at": clock.now(), **changes})


def test_rows_are_stored_as_they_are() -> None:
    rows = [delivery(notice={"text": "a'b\"%s;"}, attempts=[{"n": 2**70}], reason="%s"), delivery(tries=3)]
    insert(rows)
    for row in rows:
        found = Delivery.objects.get(pk=row.pk)
        assert {**found.__dict__, "_state": None} == {**row.__dict__, "_state": None}


def test_a_row_that_is_there_gets_the_columns_named_and_no_others() -> None:
    row = delivery(reason="old", tries=1)
    insert([row])
    row.reason, row.tries = "new", 9
    insert([row, delivery()], replace=["reason"])
    found = Delivery.objects.get(pk=row.pk)
    assert (found.reason, found.tries) == ("new", 1)
    assert Delivery.objects.count() == 2


def test_rows_without_a_key_are_given_one() -> None:
    vim = Vim.objects.create(cloud_owner="o", region="r", type="vmware")
    insert([HostState(vim=vim, host=name, changed_at=clock.now()) for name in ("a", "b")])
    assert len(set(HostState.objects.values_list("pk", flat=True))) == 2


def test_more_rows_than_one_statement_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statements, "MOST_VALUES", 60)
    insert([delivery() for _ in range(11)])
    assert Delivery.objects.count() == 11


def test_nothing_is_sent_for_nothing(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        insert([])
        Statements().run()


def test_what_json_does_not_know_is_told_in_one_form() -> None:
    moment, id = datetime(2026, 11, 21, 8, 0, 0, 5, tzinfo=UTC), uuid4()
    plain = json.loads(as_json({"moment": moment, "id": id}))
    large = json.loads(as_json({"moment": moment, "id": id, "large": 2**70}))
    assert large == {**plain, "large": 2**70}
    assert datetime.fromisoformat(plain["moment"]) == moment
