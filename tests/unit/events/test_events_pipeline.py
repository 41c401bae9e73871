"""One VIM's stretch of the river."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from prometheus_client import REGISTRY

from fed_common.core.kinds import Kind, Phase
from fed_common.core.matching import OPT_OUT, DropReason
from fed_common.events.models import DeadEvent
from fed_common.events.pipeline import Pipeline
from fed_common.interfaces.publisher import Message, Refused
from fed_common.interfaces.source import Ignored, Unreadable
from fed_common.inventory.models import Revision, Vim
from tests.examples import event
from tests.scripted import subscribe

VIM = "vio_RegionOne"


def dropped(reason: str, subscription: str = "") -> float:
    labels = {"vim": VIM, "reason": reason, "subscription": subscription}
    return REGISTRY.get_sample_value("mcfed_events_dropped_total", labels) or 0.0


@pytest.fixture
def pipeline(routes: Any) -> Any:
    made = Pipeline(VIM, routes)
    yield made
    made.stop()


def test_every_subscription_gets_the_events_of_its_filter_in_order(
    routes: Any, scripted: Any, pipeline: Any
) -> None:
    subscribe("all", "all")
    subscribe("ends", "ends", filter={"phases": ["end"], "kinds": ["POWER_OFF"]})
    routes.refresh()
    before = dropped(DropReason.PHASE, "ends")
    assert pipeline.process([event("1", phase=Phase.START), event("2"), event("3", kind=Kind.DELETE)])
    assert scripted["all"].ids() == ["1", "2", "3"]
    assert scripted["ends"].ids() == ["2"]
    assert dropped(DropReason.PHASE, "ends") == before + 1


def test_the_vims_own_filter_comes_before_all_subscriptions(routes: Any, scripted: Any, pipeline: Any) -> None:
    Vim.objects.create(cloud_owner="vio", region="RegionOne", type="vmware", filter={"kinds": ["DELETE"]})
    subscribe("all", "all")
    routes.refresh()
    before = dropped(DropReason.KIND)
    assert pipeline.process([event("1"), event("2", kind=Kind.DELETE)])
    assert scripted["all"].ids() == ["2"]
    assert dropped(DropReason.KIND) == before + 1


def test_a_change_of_the_filter_holds_from_the_next_batch_on(routes: Any, scripted: Any, pipeline: Any) -> None:
    vim = Vim.objects.create(cloud_owner="vio", region="RegionOne", type="vmware")
    subscribe("all", "all")
    routes.refresh()
    pipeline.process([event("1")])
    vim.filter = {"kinds": ["PAUSE"]}
    vim.save()
    Revision.raise_it()
    assert routes.refresh()
    pipeline.process([event("2"), event("3", kind=Kind.PAUSE)])
    assert scripted["all"].ids() == ["1", "3"]


def test_duplicates_twins_and_what_is_no_event_are_counted_and_go_no_further(
    routes: Any, scripted: Any, pipeline: Any
) -> None:
    subscribe("all", "all")
    routes.refresh()
    reasons = [DropReason.DUPLICATE, DropReason.TWIN, DropReason.NOT_COMPUTE]
    before = [dropped(reason) for reason in reasons]
    legacy, versioned = event("l", fact="f", wire="legacy"), event("v", fact="f", wire="versioned")
    assert pipeline.process([legacy, legacy, versioned, Ignored(DropReason.NOT_COMPUTE, "keypair.create.end")])
    assert scripted["all"].ids() == ["l"]
    assert [dropped(reason) for reason in reasons] == [count + 1 for count in before]


def test_an_opted_out_instance_is_silent_for_those_who_honour_it(
    routes: Any, scripted: Any, pipeline: Any
) -> None:
    subscribe("polite", "polite")
    subscribe("nosy", "nosy", filter={"honour_opt_out": False})
    Vim.objects.create(cloud_owner="vio", region="RegionOne", type="vmware", filter={"honour_opt_out": False})
    routes.refresh()
    assert pipeline.process([event("1", traits={OPT_OUT: "disabled"})])
    assert (scripted["polite"].ids(), scripted["nosy"].ids()) == ([], ["1"])


def test_an_unreadable_notification_becomes_a_dead_event_and_the_others_flow(
    routes: Any, scripted: Any, pipeline: Any
) -> None:
    subscribe("all", "all")
    routes.refresh()
    poison = Unreadable("payload is not an object", {"message_id": "p", "payload": 7})
    assert pipeline.process([event("1"), poison, event("2")])
    assert scripted["all"].ids() == ["1", "2"]
    row = DeadEvent.objects.get()
    assert (row.stage, row.event_id, row.reason, row.body["payload"]) == (
        "read",
        "p",
        "payload is not an object",
        7,
    )


def test_what_comes_again_after_a_failure_is_no_duplicate(
    routes: Any, scripted: Any, pipeline: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    subscribe("all", "all")
    routes.refresh()
    with monkeypatch.context() as broken:
        broken.setattr(pipeline, "_deliver", lambda jobs: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            pipeline.process([event("1")])
    assert pipeline.process([event("1")])
    assert scripted["all"].ids() == ["1"]


def test_a_stopped_pipeline_does_not_claim_what_a_dead_sink_lacks(
    routes: Any, scripted: Any, pipeline: Any
) -> None:
    from fed_common.core.errors import Retryable

    subscribe("all", "all")
    routes.refresh()

    def down(_messages: Sequence[Message]) -> Sequence[Refused]:
        pipeline.stop()
        raise Retryable("down")

    scripted["all"].script = down
    assert pipeline.process([event("1")]) is False


def test_without_any_subscription_events_are_let_go(routes: Any, pipeline: Any) -> None:
    routes.refresh()
    assert pipeline.process([event("1")])


@pytest.mark.django_db(transaction=True)
def test_several_sinks_get_a_batch_side_by_side(scripted: Any) -> None:
    import threading

    from fed_common.events.routes import Routes

    subscribe("all", "a", "b")
    routes = Routes()
    routes.refresh()
    meeting = threading.Barrier(2, timeout=60)
    for address in ("a", "b"):
        scripted[address].script = lambda messages: [] * meeting.wait()
    pipeline = Pipeline(VIM, routes)
    assert pipeline.process([event("1")])
    assert (scripted["a"].ids(), scripted["b"].ids()) == (["1"], ["1"])
    pipeline.stop()


def test_what_is_heard_is_told_later(routes: Any, scripted: Any, pipeline: Any) -> None:
    subscribe("all", "all", filter={"kinds": ["POWER_OFF"]})
    routes.refresh()
    first = pipeline.hear([event("1"), event("2", kind=Kind.DELETE)])
    second = pipeline.hear([event("3"), event("1")])
    assert scripted["all"].ids() == []
    assert [one.event.id for one in (*first, *second)] == ["1", "2", "3"]
    assert pipeline.tell([*first, *second])
    assert scripted["all"].ids() == ["1", "3"]


def test_what_could_not_be_told_is_heard_again(
    routes: Any, scripted: Any, pipeline: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    subscribe("all", "all")
    routes.refresh()
    heard = pipeline.hear([event("1")])
    with monkeypatch.context() as broken:
        broken.setattr(pipeline, "_deliver", lambda jobs: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            pipeline.tell(heard)
    assert pipeline.tell(pipeline.hear([event("1")]))
    assert scripted["all"].ids() == ["1"]
