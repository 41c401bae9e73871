"""The policies of a topology: how its VDUs are scaled, how they are monitored beside what they say, and alarms."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from fed_common.core.health import MonitoringPolicy
from fed_common.core.vnf import AlarmTrigger, Scaling
from fed_common.monitor.vnfd import alarming
from fed_common.monitor.vnfd.actions import ALIASES, Actions, action_names
from fed_common.monitor.vnfd.monitoring import NAMES, policy
from fed_common.monitor.vnfd.place import Place
from fed_common.monitor.vnfd.scaling import scaling
from fed_common.monitor.vnfd.vdus import named

SCALING, ALARMING = "tosca.policies.tacker.Scaling", "tosca.policies.tacker.Alarming"
MONITORING: Mapping[str, str] = {
    "tosca.policies.tacker.Monitoring": "",
    "tosca.policies.tacker.Monitoring.Ping": "ping",
    "tosca.policies.tacker.Monitoring.HttpPing": "http_ping",
    "tosca.policies.tacker.Monitoring.NoOp": "noop",
}
"""The policy types, and the name of the monitoring policy that each has by itself."""
MOST_POLICIES = 100


class Policies:
    """All policies of one descriptor. Raises Invalid: of no known type, there twice, targets that are no VDU."""

    def __init__(self, root: Place, vdus: list[str]) -> None:
        listed = root.at("topology_template", "policies")
        every = [one.one() for one in listed.items()]
        if len(every) > MOST_POLICIES:
            raise listed.invalid(f"at most {MOST_POLICIES} policies")
        self.scalings: dict[str, Scaling] = {}
        self._monitoring: list[tuple[Place, tuple[str, ...]]] = []
        self._alarming: list[Place] = []
        seen: set[str] = set()
        for one in every:
            if one.name in seen:
                raise one.invalid("a policy whose name is not there twice")
            seen.add(one.name)
            self._add(one, vdus)

    def monitoring(self, vdu: str) -> list[MonitoringPolicy]:
        """Those that watch the VDU."""
        actions = Actions(self.scalings, vdu)
        mine = [one for one, targets in self._monitoring if vdu in targets]
        found = [policy(one.at("properties"), _name(one), actions) for one in mine]
        return [one for one in found if one is not None]

    def triggers(self, server_groups: Collection[str]) -> tuple[AlarmTrigger, ...]:
        """Those of all alarm policies. ``server_groups``: what VDUs are metered by."""
        found: dict[str, AlarmTrigger] = {}
        for place in (one for alarms in self._alarming for one in alarming.triggers_of(alarms)):
            if place.name in found:
                raise place.invalid("a trigger whose name is not there twice")
            found[named(place).name] = alarming.trigger(place, self.scalings, server_groups)
        return tuple(found.values())

    def _add(self, one: Place, vdus: list[str]) -> None:
        kind = one.at("type").word((SCALING, ALARMING, *MONITORING))
        if kind == ALARMING:
            self._alarming.append(one)
            return
        listed = _targets(one)
        targets = tuple(target.word(vdus) for target in listed.items())
        if not targets or len(set(targets)) < len(targets):
            raise listed.invalid("a list of VDUs, each once")
        if kind == SCALING:
            self._add_scaling(one, targets)
        else:
            self._monitoring.append((one, targets))

    def _add_scaling(self, one: Place, targets: tuple[str, ...]) -> None:
        if one.name in (*action_names(), *ALIASES):
            raise one.invalid("a policy that is not called like an action")
        for target in _targets(one).items():
            if any(target.value in other.targets for other in self.scalings.values()):
                raise target.invalid("a VDU that no other policy scales")
        self.scalings[named(one).name] = scaling(one, targets)


def _targets(one: Place) -> Place:
    """TOSCA has them beside the properties, Tacker's own samples among them."""
    within = one.at("properties", "targets")
    return one.at("targets") if within.value is None else within


def _name(one: Place) -> str:
    name = one.at("properties", "name")
    usual = MONITORING[one.at("type").value]
    return usual if usual and name.value is None else name.word(NAMES)
