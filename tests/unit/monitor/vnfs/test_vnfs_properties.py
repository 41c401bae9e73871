"""Whatever is asked for, fails, dies or sleeps: statuses are legal, and no instance is left that is nobody's."""

from __future__ import annotations

from contextlib import suppress
from itertools import pairwise
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from fed_common.core.errors import Conflict, Invalid, NotFound
from fed_common.core.states import VNF
from fed_common.core.vnf import VnfStatus
from fed_common.monitor.models import LifecycleEvent, Operation, Target, Vnf
from fed_common.monitor.vnfs.services import create_vnf, delete_vnf, heal_vnf, respawn_vnf, scale_vnf
from tests.doubles.booting import BootingCloud, Fault
from tests.lifecycle import Killed, at_point, drive, expire, fails, fields, kill, vdu, vnfd, watched

ASKS: dict[str, Any] = {
    "delete": delete_vnf,
    "scale out": lambda vnf: scale_vnf(vnf, "SP1", out=True),
    "scale in": lambda vnf: scale_vnf(vnf, "SP1", out=False),
    "heal": lambda vnf: heal_vnf(vnf, "VDU1"),
    "respawn": respawn_vnf,
}
ANSWERS = ("log", "respawn", "vdu_autoheal", "log_and_kill")
FAULTS = (Fault.FAILED, Fault.REFUSED, Fault.LOST)
LEGAL = {(before, after or "DELETED") for (before, _), after in VNF.moves.items()} | {("", VNF.start)}


class Life(RuleBasedStateMachine):
    """One VNF, conductors that die and sleep, and a cloud that fails."""

    vim: Any
    cloud: BootingCloud

    @initialize()
    def made(self) -> None:
        self.cloud.well()
        expire()
        Vnf.objects.all().delete()
        for model in (Target, LifecycleEvent):
            model.objects.all().delete()
        for one in list(self.cloud.instances):
            self.cloud.answer("act", {"id": one, "action": "delete"})
        self.cloud.made.clear()
        descriptor = vnfd(vdu(), vdu("VDU2", ""), scaled=True, default_instances=1)
        adopt = {"VDU2": [{"instance_id": "", "address": "10.8.0.1"}]}
        self.vnf = create_vnf(**fields(self.vim, descriptor, adopt=adopt))

    @rule(asked=st.sampled_from(sorted(ASKS)))
    def ask(self, asked: str) -> None:
        with suppress(Conflict, Invalid, NotFound):
            ASKS[asked](self.vnf)

    @rule(answer=st.sampled_from(ANSWERS), member=st.integers(0, 3))
    def fail(self, answer: str, member: int) -> None:
        """As a conductor does it: only what is watched fails, and only an ACTIVE VNF is acted upon."""
        vnf = Vnf.objects.filter(pk=self.vnf.pk, status=VnfStatus.ACTIVE).first()
        members = list(vnf.members.all()) if vnf else []
        if vnf and member < len(members) and members[member].targets.filter(removed=False).exists():
            fails(vnf, answer, member=member)

    @rule(verb=st.sampled_from(["create", "show", "act"]), fault=st.sampled_from(FAULTS), times=st.integers(1, 6))
    def break_cloud(self, verb: str, fault: Fault, times: int) -> None:
        self.cloud.fail(verb, fault, times)

    @rule()
    def run(self) -> None:
        drive("a")

    @rule(point=st.integers(1, 14))
    def run_and_be_killed(self, point: int) -> None:
        with at_point(point, kill):
            try:
                drive("a")
            except Killed:
                expire()

    @rule(point=st.integers(1, 14))
    def run_and_sleep(self, point: int) -> None:
        with at_point(point, _overtaken):
            drive("a")

    @invariant()
    def status_moves_as_the_table_says(self) -> None:
        told = LifecycleEvent.objects.filter(event__isnull=False).order_by("id")
        moves = [(row.event.get("old_state", ""), row.event["state"]) for row in told if row.event]
        assert set(moves) <= LEGAL
        assert all(first[1] == second[0] for first, second in pairwise(moves))
        status = Vnf.objects.filter(pk=self.vnf.pk).values_list("status", flat=True).first()
        assert not moves or moves[-1][1] == (status or "DELETED")

    @invariant()
    def nothing_is_made_twice_and_one_operation_runs(self) -> None:
        assert max(self.cloud.made.values(), default=1) == 1
        assert Operation.objects.filter(state="running").count() <= 1

    def teardown(self) -> None:
        """Once all is well, every instance is some member's, and a deletion leaves none."""
        self.cloud.well()
        expire()
        drive("last")
        vnf = Vnf.objects.filter(pk=self.vnf.pk).first()
        if vnf is None:
            assert not self.cloud.instances
            return
        assert vnf.status in (VnfStatus.ACTIVE, VnfStatus.ERROR)
        keys = set(vnf.members.exclude(key="").values_list("key", flat=True))
        assert {one.key for one in self.cloud.instances.values()} <= keys
        if vnf.status == VnfStatus.ACTIVE:
            assert len(self.cloud.instances) == len(keys)
            assert watched(vnf) == {one.address for one in vnf.members.all()}
        delete_vnf(vnf)
        drive("last")
        assert not self.cloud.instances
        assert not Vnf.objects.exists()
        assert not Target.objects.filter(removed=False).exists()


def _overtaken() -> None:
    expire()
    drive("b")


def test_a_vnf_stays_in_order_whatever_happens(vim: Any, cloud: BootingCloud) -> None:
    Life.vim, Life.cloud = vim, cloud
    few = settings(max_examples=8, stateful_step_count=10, deadline=None, suppress_health_check=list(HealthCheck))
    run_state_machine_as_test(Life, settings=few)
