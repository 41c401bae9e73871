"""What executors report, judged: each batch in one transaction, with the rows it decides over locked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from uuid import UUID

from fed_common.core import clock
from fed_common.core.health import BAD_ACTION, Report
from fed_common.inventory.models import Vim
from fed_common.monitor.conductor.scene import Scene
from fed_common.monitor.models import Shard, Target, Vnf, Workflow
from fed_common.monitor.targets import remove_targets
from fed_common.topics.database import writing

TIMEOUT = 10.0
KILLED = "KILLED"
TOLD = "update_vim"


def judge(reports: Sequence[Report], wake: Callable[[], None]) -> list[str]:
    """One answer a report, in order: the health reported, or ``bad_action``. Raises Retryable.

    The same report again changes nothing. ``wake`` is called when there is something to be done.
    """
    with writing(TIMEOUT):
        scene = Scene(targets={one.target for one in reports})
        shards = {one.shard for one in scene.targets.values()}
        epochs = dict(Shard.objects.filter(number__in=shards).values_list("number", "epoch"))
        answers = [_judged(one, scene, epochs) for one in reports]
        scene.write()
    if scene.operations:
        wake()
    return answers


def update_vim(vim_id: UUID, status: str, action_id: UUID | None) -> str:
    """Tacker's form: the status passed in, or ``bad_action``. Without an action whoever asks is believed."""
    if status not in (Vim.Status.REACHABLE, Vim.Status.UNREACHABLE):
        return BAD_ACTION
    with writing(TIMEOUT):
        scene = Scene(vims=[vim_id])
        vim = next(iter(scene.vims.values()), None)
        if vim is None or not _wanted(scene, action_id):
            return BAD_ACTION
        scene.vim_is(vim, status, TOLD, "")
        scene.write()
    return status


def killed(action_id: UUID) -> str:
    """Probe nothing for this action any more: it was killed. "KILLED", also when it is told again."""
    with writing(TIMEOUT):
        workflow = _locked_workflow(action_id)
        if workflow is None:
            return BAD_ACTION
        if workflow.killed_at is None:
            Workflow.objects.filter(pk=workflow.pk).update(killed_at=clock.now())
            remove_targets(Target.objects.filter(workflow=workflow))
    return KILLED


def _locked_workflow(action_id: UUID) -> Workflow | None:
    """The one of that action, with the row of its VIM or VNF locked."""
    Vim.objects.select_for_update(of=("self",), no_key=True).filter(workflow__action_id=action_id).first()
    Vnf.objects.select_for_update(of=("self",), no_key=True).filter(workflow__action_id=action_id).first()
    return Workflow.objects.filter(action_id=action_id).first()


def _wanted(scene: Scene, action_id: UUID | None) -> bool:
    """Whether that is the action of the scene's one VIM. A VIM whose monitoring was killed has none."""
    living = {one.action_id for one in scene.workflows.values() if one.killed_at is None}
    return action_id is None or action_id in living


def _judged(report: Report, scene: Scene, epochs: dict[int, int]) -> str:
    target = scene.targets.get(report.target)
    if target is None or str(target.action_id) != report.action_id or not _current(target, scene):
        return BAD_ACTION
    if report.epoch < epochs.get(target.shard, 0):
        return BAD_ACTION
    scene.decide(target, report.flip)
    return str(report.flip.health)


def _current(target: Target, scene: Scene) -> bool:
    workflow = scene.workflow_of(target)
    return workflow.action_id == target.action_id and workflow.killed_at is None
