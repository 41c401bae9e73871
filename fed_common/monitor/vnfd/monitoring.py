"""Monitoring policies: how the members of a VDU are watched, and what is done when they fail."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings

from fed_common.core.health import Check, MonitoringPolicy, ProbeKind
from fed_common.monitor.vnfd.actions import Actions
from fed_common.monitor.vnfd.place import Place

NOOP = "noop"
NAMES: Mapping[str, ProbeKind | None] = {
    "ping": ProbeKind.PING,
    "http_ping": ProbeKind.HTTP,
    "http-ping": ProbeKind.HTTP,
    "tcp": ProbeKind.TCP,
    NOOP: None,
}
NEW_FORM = ("name", "parameters", "actions", "monitoring_params")
DEFAULTS: Mapping[ProbeKind, Mapping[str, float]] = {
    ProbeKind.PING: {"count": 5, "interval": 1, "timeout": 1},
    ProbeKind.HTTP: {"interval": 10, "timeout": 5, "retry": 5, "port": 80},
    ProbeKind.TCP: {"interval": 10, "timeout": 5, "retry": 5},
}
"""What a policy that does not say gets. What is in none of these is not used by that kind of check."""
MOST_TRIES = 100
LONGEST_DELAY = 86_400


def policies(place: Place, actions: Actions) -> list[MonitoringPolicy]:
    """Of the ``monitoring_policy`` of a VDU, in Tacker's form of today or in that of its liberty release."""
    fields = place.fields()
    if any(name in fields for name in NEW_FORM):
        found = [policy(place, place.at("name").word(NAMES), actions)]
    else:
        for one in place.named():
            if one.name not in NAMES:
                raise one.invalid(
                    f"a mapping with a name, or one of {', '.join(NAMES)} in the place of {one.name}"
                )
        found = [policy(one, one.name, actions) for one in place.named()]
    return [one for one in found if one is not None]


def policy(place: Place, name: str, actions: Actions) -> MonitoringPolicy | None:
    """One policy of that name; ``None``: it watches nothing."""
    kind = NAMES[name]
    place.use_only(*NEW_FORM)
    if kind is None:
        return None
    old = "monitoring_params" in place.fields() and "parameters" not in place.fields()
    parameters = place.at("monitoring_params" if old else "parameters")
    return MonitoringPolicy(
        check=_check(kind, parameters),
        actions=actions.of(place.at("actions")),
        fall=parameters.at("fall").whole(1, MOST_TRIES, settings.FALL),
        rise=parameters.at("rise").whole(1, MOST_TRIES, settings.RISE),
        delay=_delay(parameters.at("monitoring_delay")),
    )


def _check(kind: ProbeKind, parameters: Place) -> Check:
    read: dict[str, Any] = {
        "count": lambda place, default: place.whole(1, MOST_TRIES, default),
        "retry": lambda place, default: place.whole(1, MOST_TRIES, default),
        "port": lambda place, default: place.whole(1, 65_535, default),
        "interval": lambda place, default: place.number(0.1, 3600, default),
        "timeout": lambda place, default: place.number(0.1, 60, default),
    }
    used = {name: read[name] for name in read if name in DEFAULTS[kind] or (name, kind) == ("port", ProbeKind.TCP)}
    parameters.use_only("monitoring_delay", "fall", "rise", *used)
    values = {name: one(parameters.at(name), DEFAULTS[kind].get(name)) for name, one in used.items()}
    return Check(kind, "", **values)


def _delay(place: Place) -> float | None:
    return None if place.value is None else place.number(0, LONGEST_DELAY)
