"""Alarm policies: what is done to the VNF when an alarm that somebody else keeps fires."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

from fed_common.core.vnf import AlarmTrigger
from fed_common.monitor.vnfd.actions import JOINED_BY, MOST_ACTIONS
from fed_common.monitor.vnfd.place import Place

ACTIONS = ("respawn", "log", "log_and_kill", "notify")
"""Tacker's DEFAULT_ALARM_ACTIONS: an alarm names no member, so there is nothing to heal."""
DIRECTIONS = {"gt": "out", "lt": "in"}
METERED_BY = "metering.server_group"
FIELDS = ("description", "event_type", "metric", "condition", "metadata", "action")
EVENT_TYPE = {"type": ("tosca.events.resource.utilization",), "implementation": ("ceilometer",)}
METHODS = ("mean", "sum", "last", "max", "min", "std", "median", "first", "count")
LARGEST, LONGEST_GRANULARITY, MOST_EVALUATIONS = 10**15, 86_400 * 30, 1000
MOST_TRIGGERS = 100
CONDITION: Mapping[str, Callable[[Place], str | float]] = {
    "threshold": lambda place: place.number(-LARGEST, LARGEST),
    "constraint": lambda place: place.text(),
    "granularity": lambda place: place.whole(1, LONGEST_GRANULARITY),
    "evaluations": lambda place: place.whole(1, MOST_EVALUATIONS),
    "aggregation_method": lambda place: place.word(METHODS),
    "resource_type": lambda place: place.word(("instance",)),
    "comparison_operator": lambda place: place.word(DIRECTIONS),
}


def triggers_of(policy: Place) -> list[Place]:
    """The triggers of one policy of type tosca.policies.tacker.Alarming. Raises Invalid: none, or too many."""
    policy.use_only("type", "description", "triggers")
    found = policy.at("triggers").named()
    if not 0 < len(found) <= MOST_TRIGGERS:
        raise policy.at("triggers").invalid(f"1 to {MOST_TRIGGERS} triggers by their names")
    policy.warn("nobody here keeps such alarms: give the URL of each trigger to who does")
    return found


def trigger(place: Place, scalings: Collection[str], groups: Collection[str]) -> AlarmTrigger:
    """One trigger. Raises Invalid, also for what it must not hold."""
    _refuse_unknown(place, FIELDS)
    _check_event_type(place.at("event_type"))
    condition = place.at("condition")
    _refuse_unknown(condition, CONDITION)
    group = place.at("metadata")
    return AlarmTrigger(
        name=place.name,
        actions=_actions(place.at("action"), scalings, condition.at("comparison_operator")),
        metric=place.at("metric").text(""),
        condition={one.name: CONDITION[one.name](one) for one in condition.named()},
        server_group="" if group.value is None else group.word(groups),
    )


def server_groups(vdus: Iterable[Place]) -> list[str]:
    """What VDUs say they are metered by: a trigger's ``metadata`` names one of these."""
    said = (vdu.at("properties", "metadata").fields().get(METERED_BY) for vdu in vdus)
    return [one for one in said if isinstance(one, str)]


def _check_event_type(place: Place) -> None:
    _refuse_unknown(place, EVENT_TYPE)
    for one in place.named():
        one.word(EVENT_TYPE[one.name])


def _actions(place: Place, scalings: Collection[str], operator: Place) -> tuple[str, ...]:
    words = place.items() if isinstance(place.value, list) else [place]
    found = [name for one in words for name in _read(one, scalings, operator)]
    if not 0 < len(found) <= MOST_ACTIONS or len(set(found)) < len(found):
        raise place.invalid(f"1 to {MOST_ACTIONS} actions, each once")
    return tuple(found)


def _read(place: Place, scalings: Collection[str], operator: Place) -> Iterator[str]:
    for name in place.text().split(JOINED_BY):
        if name in scalings:
            yield f"{name}-{DIRECTIONS[operator.word(DIRECTIONS)]}"
        elif name in ACTIONS:
            yield name
        else:
            raise place.invalid(f"{', '.join((*ACTIONS, *scalings))}; several with '{JOINED_BY}', or as a list")


def _refuse_unknown(place: Place, known: Collection[str]) -> None:
    for one in place.named():
        if one.name not in known:
            raise one.invalid(f"no such field; there are {', '.join(known)}")
