"""The workflow of each VIM: made when it is registered, gone when it is."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from urllib.parse import urlsplit
from uuid import UUID, uuid4

from django.conf import settings

from fed_common.core.errors import Conflict
from fed_common.core.health import Check, ProbeKind
from fed_common.core.vnf import EventType
from fed_common.inventory.models import Vim
from fed_common.monitor.models import Target, Workflow
from fed_common.monitor.rpc import executors
from fed_common.monitor.status_events import note
from fed_common.monitor.targets import Wanted, put_targets, remove_targets
from fed_common.topics.casting import after_commit

TASK = "monitor_ping_vimPingVIMTASK"
_REACHED_BY = (
    *("type", "auth_url", "sealed_credentials", "projects", "region_name"),
    *("tls_verify", "tls_ca", "enabled"),
)


class VimMonitoring:
    """See ``inventory.followers.VimFollower``."""

    def vim_saved(self, vim: Vim) -> None:
        """See VimFollower. One that is reached in another way now has a new monitor action."""
        kind = EventType.CREATE if watch(vim) else EventType.UPDATE
        note("vim", vim.uuid, state=vim.status, event_type=kind, vim_id=vim.full_id, name=vim.name)

    def vim_removing(self, vim: Vim) -> None:
        """See VimFollower. Whoever probes it stops when told, or when it reads that the target is gone."""
        vnf = vim.vnfs.first()
        if vnf:
            raise Conflict("VIM", vim.full_id, f"is in use by the VNF {vnf.name!r}")
        workflow = Workflow.objects.filter(vim=vim).first()
        remove_targets(Target.objects.filter(subject=vim.uuid))
        note("vim", vim.uuid, state=vim.status, event_type=EventType.DELETE, vim_id=vim.full_id, name=vim.name)
        if workflow:
            _kill(vim.uuid, workflow.action_id)


def watch(vim: Vim) -> bool:
    """Have the VIM probed the way it is reached now; whether its workflow is new. Safe to call again.

    Call it in a transaction, with the VIM's row locked.
    """
    reached, given = _fingerprint(vim), _input(vim)
    workflow, new = Workflow.objects.get_or_create(
        vim=vim,
        defaults={"name": f"vim_id_{vim.uuid}", "task_name": TASK, "fingerprint": reached, "input": given},
    )
    if workflow.fingerprint != reached:
        _kill(vim.uuid, workflow.action_id)
        workflow.action_id, workflow.killed_at, workflow.fingerprint = uuid4(), None, reached
        workflow.save()
    if workflow.input != given:
        workflow.input = given
        workflow.save()
    if workflow.killed_at is None and put_targets(workflow, list(_wanted(vim))):
        after_commit(lambda: executors().update(workflow.action_id, workflow.input))
    return new


def _kill(subject: UUID, action_id: UUID) -> None:
    after_commit(lambda: executors().kill(subject, action_id))


def _fingerprint(vim: Vim) -> str:
    how = [getattr(vim, name) for name in _REACHED_BY]
    return hashlib.sha256(json.dumps(how, sort_keys=True).encode()).hexdigest()


def _input(vim: Vim) -> dict[str, object]:
    """What Tacker gives its workflow."""
    check = _ping(vim)
    words = {"count": check.count, "timeout": check.timeout, "interval": check.interval}
    return {"ping_vim": {"vim_id": str(vim.uuid), **words, "targetip": check.address}}


def _wanted(vim: Vim) -> Iterator[Wanted]:
    if not (vim.enabled and vim.auth_url):
        return
    ping, probe = _ping(vim), settings.VIM_PROBE
    api = Check(
        ProbeKind.VIM_API, vim.full_id, interval=settings.VIM_API_INTERVAL, timeout=settings.VIM_API_TIMEOUT
    )
    if probe in ("api", "both"):
        yield Wanted(api, fall=settings.FALL, rise=settings.RISE)
    if probe in ("ping", "both") and ping.address:
        yield Wanted(ping, fall=settings.FALL, rise=settings.RISE)


def _ping(vim: Vim) -> Check:
    try:
        host = urlsplit(vim.auth_url).hostname or ""
    except ValueError:  # an IPv6 address that is none
        host = ""
    interval, timeout = settings.VIM_PING_INTERVAL, settings.VIM_PING_TIMEOUT
    return Check(ProbeKind.PING, host, interval=interval, timeout=timeout)
