"""VNFs in a cloud that boots addresses, and operations run step by step in the thread of a test."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from fed_common.core.health import Check, MonitoringPolicy, ProbeKind
from fed_common.core.vnf import Scaling, VduSpec, Vnfd
from tests.clouds import register
from tests.doubles.booting import BootingCloud

if TYPE_CHECKING:  # they need Django, which is set up later
    from fed_common.inventory.models import Vim
    from fed_common.monitor.models import Operation, Vnf
    from fed_common.monitor.vnfs.run import Run

PLUGIN = "tests.doubles.booting.BootingPlugin"
POOL = tuple(f"10.9.0.{number}" for number in range(1, 60))
RESPAWNING = {"failure": ("respawn",)}


class Killed(BaseException):
    """What kill -9 does to a thread: nothing more is done in it."""


def pinged(actions: Mapping[str, tuple[str, ...]] = RESPAWNING, delay: float | None = None) -> MonitoringPolicy:
    """A ping policy."""
    return MonitoringPolicy(Check(ProbeKind.PING, ""), actions, delay=delay)


def vdu(name: str = "VDU1", image: str = "cirros", *policies: MonitoringPolicy) -> VduSpec:
    """A VDU, pinged unless policies are given; without an image it has to be adopted."""
    return VduSpec(name, image, policies=policies or (pinged(),))


def vnfd(*vdus: VduSpec, scaled: bool = False, **scaling: Any) -> Vnfd:
    """A descriptor; ``scaled``: SP1 scales the first VDU from one to three members, two at first."""
    vdus = vdus or (vdu(),)
    bounds = {"min_instances": 1, "max_instances": 3, "default_instances": 2, **scaling}
    return Vnfd(vdus, (Scaling("SP1", (vdus[0].name,), **bounds),) if scaled else ())


def vim_of(cloud: BootingCloud, region: str = "r1") -> Vim:
    """The row of that cloud."""
    vim: Vim = register(region, type="booting", auth_url=cloud.url)
    return vim


def fields(vim: Vim, descriptor: Vnfd | None = None, **more: Any) -> dict[str, Any]:
    """What ``create_vnf`` takes."""
    return {"name": "fw", "vim": vim, "vnfd": descriptor or vnfd(), **more}


def never(_: Operation) -> str | None:
    """Nothing is held."""
    return None


def drive(owner: str = "a", hold: Callable[[Operation], str | None] = never) -> int:
    """Run all there is to be run; how many operations that were."""
    from fed_common.monitor.vnfs.claiming import claim
    from fed_common.monitor.vnfs.runner import run_operation

    count = 0
    while claimed := claim(owner, 1, ()):
        run_operation(claimed[0], owner, hold, threading.Event())
        count += 1
    return count


def expire() -> None:
    """The leases of those that were killed end."""
    from fed_common.core import clock
    from fed_common.monitor.models import Operation

    Operation.objects.filter(state=Operation.State.RUNNING).update(expires_at=clock.now().replace(year=2020))


def kill() -> None:
    """Nothing more is done in this thread."""
    raise Killed


@contextmanager
def at_point(point: int, happens: Callable[[], object] = kill) -> Iterator[list[str]]:
    """So happens right after that call of the cloud or that transaction, counted from 1; 0: never.

    Gives the names of those that were passed.
    """
    import pytest

    from fed_common.monitor.vnfs.cloud import Cloud
    from fed_common.monitor.vnfs.run import Run

    passed: list[str] = []

    def around(verb: str, do: Callable[..., Any]) -> Callable[..., Any]:
        def done(self: Cloud | Run, *arguments: Any) -> Any:
            result = do(self, *arguments)
            passed.append(verb)
            if len(passed) == point:
                happens()
            return result

        return done

    with pytest.MonkeyPatch.context() as patch:
        for owner, verbs in ((Cloud, ("create", "show", "act")), (Run, ("record",))):
            for verb in verbs:
                patch.setattr(owner, verb, around(verb, getattr(owner, verb)))
        yield passed


def events(vnf_id: Any) -> list[tuple[str, str, str]]:
    """State, type and details of what the VNF went through, in order; ids in details are left out."""
    from fed_common.monitor.models import LifecycleEvent

    rows = LifecycleEvent.objects.filter(resource_id=vnf_id).order_by("id")
    return [(one.resource_state, one.event_type, one.event_details.replace(str(vnf_id), "ID")) for one in rows]


def watched(vnf: Vnf) -> set[str]:
    """The addresses that are probed."""
    from fed_common.monitor.models import Target

    return set(Target.objects.filter(subject=vnf.pk, removed=False).values_list("address", flat=True))


def fails(vnf: Vnf, *kinds: str, member: int = 0, **parameters: Any) -> list[Operation]:
    """What a conductor lays down when the target of a member went DOWN."""
    from fed_common.core.health import Health
    from fed_common.monitor.models import Operation

    one = list(vnf.members.all())[member]
    one.health = Health.DOWN
    one.save()
    target = one.targets.get(removed=False)
    target.failure_seq += 1
    target.health = Health.DOWN
    target.save()
    about = {"cause": "failure", "rule": "fall", "detail": "no answer", "vdu": one.vdu, "member": one.pk}
    return [
        Operation.objects.create(
            vnf=vnf,
            kind=kind,
            parameters={**about, "action": kind, **parameters},
            action_id=target.action_id,
            target=target.pk,
            failure_seq=target.failure_seq,
            turn=turn,
        )
        for turn, kind in enumerate(kinds)
    ]
