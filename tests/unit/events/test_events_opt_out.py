"""What opted out is evaluated by no rule, whoever tells of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from fed_common.alarms.evaluator.evaluating import Evaluator
from fed_common.core import clock
from fed_common.core.matching import OPT_OUT
from fed_common.core.model import Event
from fed_common.events.pipeline import Pipeline
from fed_common.events.routes import Routes
from fed_common.faults.facts import in_error
from fed_common.faults.models import FaultedInstance, HostFault
from fed_common.inventory.models import Instance, Revision, Vim
from tests.examples import event

pytestmark = pytest.mark.django_db


@pytest.fixture
def evaluated(settings: Any, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The ids of the events that the real ear of the alarms has evaluated."""
    settings.HOUSE_PUBLISHERS = {"alarms": "fed_common.alarms.ear.AlarmPublisher"}
    ids: list[str] = []

    def evaluate(_self: Evaluator, events: Sequence[Event], **_more: Any) -> None:
        ids.extend(one.id for one in events)

    monkeypatch.setattr(Evaluator, "evaluate", evaluate)
    return ids


@pytest.fixture
def pipeline(evaluated: list[str]) -> Iterator[Pipeline]:
    Vim.objects.create(cloud_owner="vio", region="RegionOne", type="vmware", filter={"honour_opt_out": False})
    Revision.raise_it()
    routes = Routes()
    routes.refresh()
    made = Pipeline("vio_RegionOne", routes)
    yield made
    made.stop()
    routes.stop()


def test_a_flavor_that_opted_out_silences_the_copy_that_cannot_know_it_until_it_is_taken_back(
    pipeline: Pipeline, evaluated: list[str]
) -> None:
    quiet = event("flavor says so", wire="versioned", traits={OPT_OUT: "disabled"})
    copy = event("cannot know", wire="legacy")
    other = event("other", wire="legacy", instance_id="vm-2")
    assert pipeline.process([quiet, copy, other])
    assert evaluated == ["other"]
    assert pipeline.process([event("taken back", wire="versioned"), event("again", wire="legacy")])
    assert evaluated == ["other", "taken back", "again"]


def test_the_filter_of_a_vim_keeps_nothing_from_the_rules(pipeline: Pipeline, evaluated: list[str]) -> None:
    Vim.objects.update(filter={"kinds": ["DELETE"]})
    assert pipeline.process([event("stop")])
    assert evaluated == ["stop"]


def test_an_instance_of_a_host_that_failed_is_silent_when_it_opted_out(
    pipeline: Pipeline, evaluated: list[str]
) -> None:
    vim, now = Vim.objects.get(), clock.now()
    fault = HostFault.objects.create(vim=vim, host="h1", source="test", occurred_at=now, reported_at=now)
    rows = []
    for id, traits in (("quiet", {OPT_OUT: "disabled"}), ("loud", {})):
        Instance.objects.create(
            vim=vim, instance_id=id, state="active", host="h1", seen_at=now, body={"traits": traits}
        )
        rows.append(FaultedInstance.objects.create(fault=fault, instance_id=id, old_state="active"))
    told = in_error(fault, rows, now)
    assert pipeline.process(told)
    assert evaluated == [one.id for one in told if one.instance_id == "loud"]
