"""Scaling policies: how many members a VDU may have."""

from __future__ import annotations

from fed_common.core.vnf import Scaling
from fed_common.monitor.vnfd.place import Place

MOST_MEMBERS = 1000
LONGEST_COOLDOWN = 86_400
INCREMENT, LEAST, MOST, USUAL, COOLDOWN = 1, 0, 10, 1, 120.0
FIELDS = ("targets", "increment", "cooldown", "min_instances", "max_instances", "default_instances")


def scaling(policy: Place, targets: tuple[str, ...]) -> Scaling:
    """One policy of type tosca.policies.tacker.Scaling. Raises Invalid."""
    said = policy.at("properties")
    said.use_only(*FIELDS)
    least = said.at("min_instances").whole(0, MOST_MEMBERS, LEAST)
    most = said.at("max_instances").whole(max(1, least), MOST_MEMBERS, max(least, MOST))
    usual = min(most, max(least, USUAL))
    return Scaling(
        name=policy.name,
        targets=targets,
        increment=said.at("increment").whole(1, MOST_MEMBERS, INCREMENT),
        min_instances=least,
        max_instances=most,
        default_instances=said.at("default_instances").whole(least, most, usual),
        cooldown=said.at("cooldown").number(0, LONGEST_COOLDOWN, COOLDOWN),
    )
