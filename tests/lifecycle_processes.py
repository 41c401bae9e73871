"""Conductors' runners as processes of one database that are killed: ``python -m tests.lifecycle_processes CLOUD``.

CLOUD is the URL of a ``BootingCloud``. For each kind of operation and each point of it a runner is killed there
with SIGKILL, and two others go on at once. Writes a JSON line for each: what is left in the end.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import django

from tests.waiting import until

if TYPE_CHECKING:  # they need Django, which is set up later
    from fed_common.monitor.models import Vnf

KINDS = ("create", "respawn", "delete")


def main() -> None:
    """All of it."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fed_common.settings")
    django.setup()
    from fed_common.telemetry.logging import setup_logging
    from tests.clouds import register

    setup_logging("WARNING")
    vim = register(type="booting", auth_url=sys.argv[1])
    for kind in KINDS:
        point, killed = 0, True
        while killed:  # the last one is past the end of the operation
            point += 1
            killed = _once(vim, kind, point)


def _once(vim: Any, kind: str, point: int) -> bool:
    from fed_common.monitor.vnfs.services import create_vnf, delete_vnf, respawn_vnf
    from tests.lifecycle import expire, fields, vnfd

    vnf = create_vnf(**fields(vim, vnfd(), name=f"{kind}-{point}"))
    if kind != "create":
        _run("first")
    asks: dict[str, Callable[[], object]] = {
        "create": lambda: None,
        "respawn": lambda: respawn_vnf(vnf),
        "delete": lambda: delete_vnf(vnf),
    }
    asks[kind]()
    killed = _wait(_forked("victim", point)) == -signal.SIGKILL
    expire()
    for pid in [_forked(name) for name in ("second", "third")]:
        assert _wait(pid) == 0, f"a runner ended badly after {kind} was killed at {point}"
    print(json.dumps({"kind": kind, "point": point, "killed": killed, **_left(vnf)}), flush=True)
    _remove(vnf)
    return killed


def _left(vnf: Vnf) -> dict[str, Any]:
    from fed_common.monitor.models import Vnf, Vnfc
    from tests.lifecycle import events, watched

    rows = Vnfc.objects.filter(vnf_id=vnf.pk)
    return {
        "status": list(Vnf.objects.filter(pk=vnf.pk).values_list("status", flat=True)),
        "instances": sorted(rows.values_list("instance_id", flat=True)),
        "addresses": sorted(rows.values_list("address", flat=True)),
        "numbers": sorted(rows.values_list("number", flat=True)),
        "watched": sorted(watched(vnf)),
        "events": events(vnf.pk),
    }


def _remove(vnf: Vnf) -> None:
    from fed_common.monitor.models import Vnf
    from fed_common.monitor.vnfs.services import delete_vnf

    if Vnf.objects.filter(pk=vnf.pk).exists():
        delete_vnf(vnf)
        _run("last")


def _forked(name: str, point: int = 0) -> int:
    """A process that runs all there is to be run and ends; it kills itself at that point."""
    from django.db import connections

    connections.close_all()
    for connection in connections.all():
        connection.close_pool() if hasattr(connection, "close_pool") else None
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        _run(name, point)
        status = 0
    finally:
        os._exit(status)


def _run(name: str, point: int = 0) -> None:
    from fed_common.monitor.vnfs.runner import Runner
    from tests.lifecycle import at_point, never

    with at_point(point, lambda: os.kill(os.getpid(), signal.SIGKILL)):
        runner = Runner(f"{name}-{os.getpid()}-{time.monotonic_ns()}", never)
        runner.start()
        until(lambda: not _unfinished(), within=60)
        runner.stop()


def _unfinished() -> bool:
    from fed_common.core.errors import Retryable
    from fed_common.monitor.models import Operation
    from fed_common.topics.database import reachable

    try:
        with reachable():
            return Operation.objects.filter(state__in=("waiting", "running")).exists()
    except Retryable:
        return True


def _wait(pid: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


if __name__ == "__main__":
    main()
