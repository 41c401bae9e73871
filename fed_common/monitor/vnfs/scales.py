"""How many members a VDU may have."""

from __future__ import annotations

from fed_common.core.errors import Invalid
from fed_common.core.vnf import Scaling, Vnfd
from fed_common.monitor.models import Vnf
from fed_common.monitor.vnfd.keeping import vnfd_of


def scaling_named(vnfd: Vnfd, name: str) -> Scaling:
    """The scaling policy of that name, or the one that scales the VDU of that name. Raises Invalid."""
    by_name = {one.name: one for one in vnfd.scalings}
    scaling = by_name.get(name) or vnfd.scaling_of(name)
    if scaling is None:
        targets = [vdu for one in vnfd.scalings for vdu in one.targets]
        raise Invalid("policy", name, [*by_name, *targets] or "nothing: the VNFD has no scaling policy")
    return scaling


def check_scale(vnf: Vnf, scaling: Scaling, *, out: bool) -> None:
    """Raises Invalid: one increment would be too many or too few, or is not the gateway's to boot or remove."""
    for name in scaling.targets:
        members = list(vnf.members.filter(vdu=name))
        after = len(members) + (scaling.increment if out else -scaling.increment)
        if not scaling.min_instances <= after <= scaling.max_instances:
            bounds = f"{scaling.min_instances} to {scaling.max_instances} instances of {name}"
            raise Invalid("out" if out else "in", after, f"{bounds}; there are {len(members)}")
        if out and not vnfd_of(vnf).vdu(name).image:
            raise Invalid("policy", scaling.name, f"one of VDUs with an image; {name} has none")
        if not out and sum(1 for one in members if one.key) < scaling.increment:
            raise Invalid("policy", scaling.name, f"one whose members were booted; those of {name} were adopted")
