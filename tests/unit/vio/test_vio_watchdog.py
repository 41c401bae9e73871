"""``compute.instance.watchdog``: who fired, what was done, and for whom it cannot have been."""

from __future__ import annotations

import pytest

from fed_common.core.kinds import Kind, Phase
from fed_common.core.matching import OPT_OUT, DropReason
from fed_common.core.model import Event
from fed_common.core.watchdog import WatchdogAction
from fed_common.interfaces.source import Ignored, Unreadable
from multicloud_generic.openstack.watchdog import watchdog_action
from tests.nova_expected import read

PAYLOAD = {
    "instance_id": "4f398943-7d39-4119-8058-74768d6dfa52",
    "tenant_id": "943e",
    "display_name": "VM1",
    "host": "compute01",
    "state": "active",
}


def told(event_type: str = "compute.instance.watchdog", **payload: object) -> Event | Ignored | Unreadable:
    notification = {"message_id": "m-1", "priority": "ERROR", "timestamp": "2018-03-07 06:10:11.123456"}
    return read({**notification, "event_type": event_type, "payload": {**PAYLOAD, **payload}})


@pytest.mark.parametrize("action", list(WatchdogAction))
def test_a_watchdog_that_fired_names_its_action(action: str) -> None:
    """N82"""
    event = told(action=action)
    assert isinstance(event, Event)
    assert (event.type, event.kind, event.phase) == ("compute.instance.watchdog", Kind.WATCHDOG, Phase.MOMENT)
    assert (event.instance_id, event.tenant_id, event.host) == (PAYLOAD["instance_id"], "943e", "compute01")
    assert (event.traits["watchdog"], event.traits["action"]) == ("fired", action)


def test_one_that_is_over_has_a_type_of_its_own_however_it_is_said() -> None:
    for event in (told(cleared=True), told("compute.instance.watchdog.cleared")):
        assert isinstance(event, Event)
        assert (event.type, event.kind) == ("compute.instance.watchdog.cleared", Kind.WATCHDOG)
        assert event.traits["watchdog"] == "cleared"
        assert "action" not in event.traits


def test_without_an_action_it_is_the_one_that_is_set() -> None:
    event = told(image_meta={"hw_watchdog_action": "Pause"})
    assert isinstance(event, Event)
    assert event.traits["action"] == event.traits["watchdog_action"] == "pause"


@pytest.mark.parametrize(
    ("image", "specs", "ignored"),
    [
        ({}, {}, True),
        ({"hw_watchdog_action": "disabled"}, {"hw:watchdog_action": "reset"}, True),
        ({"image_hw_watchdog_action": "disabled"}, None, True),
        ({}, {"hw:watchdog_action": "disabled"}, True),
        ({}, {"hw:watchdog_action": "reset"}, False),
        ({"hw_watchdog_action": "reset"}, {"hw:watchdog_action": "disabled"}, False),
        ({"hw_watchdog_action": "none"}, {}, False),
        ({}, None, False),
        (None, {}, False),
        (None, None, False),
    ],
)
def test_who_has_no_watchdog_cannot_have_had_it_fired_and_the_image_wins(
    image: object, specs: object, ignored: bool
) -> None:
    """N82: ignored by name, when it is known."""
    reading = told(action="reset", image_meta=image, extra_specs=specs)
    if ignored:
        assert reading == Ignored(DropReason.WATCHDOG_OFF, "compute.instance.watchdog")
    else:
        assert isinstance(reading, Event)


def test_an_action_nobody_knows_is_set_aside_with_the_allowed_ones() -> None:
    reading = told(action="explode")
    assert isinstance(reading, Unreadable)
    assert "inject_nmi" in reading.reason


def test_an_instance_that_opted_out_stays_so() -> None:
    event = told(action="reset", metadata={OPT_OUT: "disabled"})
    assert isinstance(event, Event)
    assert event.traits[OPT_OUT] == "disabled"


@pytest.mark.parametrize("junk", [7, "x", ["hw_watchdog_action"], {"hw_watchdog_action": 7}])
def test_properties_that_are_none_are_not_known(junk: object) -> None:
    assert watchdog_action(junk, None) == ""
