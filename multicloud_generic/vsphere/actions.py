"""What may be done to a VM: tasks of vSphere, waited for."""

from __future__ import annotations

import time
from collections.abc import Mapping

from pyVmomi import vim, vmodl

from fed_common.core.errors import CloudFailed, CloudTimeout, Conflict, GatewayError, NotFound
from fed_common.core.instances import InstanceAction
from multicloud_generic.vsphere.client import Client
from multicloud_generic.vsphere.connection import failure
from multicloud_generic.vsphere.mapping import VM

TASKS: Mapping[InstanceAction, str] = {
    InstanceAction.POWER_ON: "PowerOnVM_Task",
    InstanceAction.POWER_OFF: "PowerOffVM_Task",
    InstanceAction.REBOOT: "ResetVM_Task",
    InstanceAction.DELETE: "Destroy_Task",
}
LOOK_AGAIN = 0.1  # seconds between two looks at a task


def act(client: Client, vim_id: str, instance_id: str, action: InstanceAction) -> None:
    """Do it, and return when it is done or the client's time is over: vSphere goes on with what it accepted.

    Raises NotFound, Conflict when the VM is not in a state for it, CloudFailed.
    """
    machine = client.find(instance_id)
    try:
        if action is InstanceAction.DELETE and _is_on(client, machine):
            finish(client, vim_id, client.begin(machine, TASKS[InstanceAction.POWER_OFF]))
        task = client.begin(machine, TASKS[action])
        try:
            finish(client, vim_id, task)
        except CloudTimeout:
            return
    except CloudFailed as error:
        raise _refusal(error, instance_id, action) from error


def _is_on(client: Client, machine: str) -> bool:
    told = client.reread([machine], {VM: ("runtime.powerState",)})
    return told.get(machine, {}).get("runtime.powerState") == "poweredOn"


def finish(client: Client, vim_id: str, task: str) -> None:
    """Wait for the end of a task. Raises what it failed of; CloudTimeout when it still runs."""
    while not ended(client, vim_id, task):
        time.sleep(min(LOOK_AGAIN, client.seconds_left()))


def ended(client: Client, vim_id: str, task: str) -> bool:
    """Whether a task is done. Raises what it failed of.

    Its state is read alone: the library cannot read all tasks of vcsim as a whole.
    """
    told = client.reread([task], {"Task": ("info.state", "info.error")}).get(task, {})
    if told.get("info.state") == "error":
        fault = told.get("info.error")
        fault = fault if isinstance(fault, Exception) else vmodl.MethodFault()
        raise failure(vim_id, fault) from fault
    return bool(told.get("info.state") == "success")


def _refusal(error: CloudFailed, instance_id: str, action: InstanceAction) -> GatewayError:
    fault = error.__cause__
    if isinstance(fault, vim.fault.InvalidState | vim.fault.TaskInProgress):
        return Conflict("instance", instance_id, f"is not in a state for {action}")
    if isinstance(fault, vmodl.fault.ManagedObjectNotFound):
        return NotFound("instance", instance_id)
    return error
