"""VMs that the gateway makes, as clones, and one VM looked at.

What a key stands for is known before it is made: the VM's instance UUID, and its name, which ends with the
beginning of that UUID. vSphere lets no two VMs of a folder have one name, so of two callers who clone at the same
time one is told that the name is taken, and both have the same VM.
"""

from __future__ import annotations

import time
from base64 import b64encode
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid5

from pyVmomi import vim

from fed_common.core.errors import CloudFailed, CloudTimeout, Conflict, Invalid, NotFound
from fed_common.core.instances import Instance, InstanceAction, InstanceSpec
from multicloud_generic.sizes import sizes
from multicloud_generic.vsphere.actions import LOOK_AGAIN, TASKS, ended, finish
from multicloud_generic.vsphere.client import Client, name_ending
from multicloud_generic.vsphere.connection import talking
from multicloud_generic.vsphere.mapping import COMPUTE, HOST, LOOK, VM, instance
from multicloud_generic.vsphere.source import Source, source

KEY = "mcfed.key"
LONGEST_NAME = 80
MEMORY_STEP = 4  # MB
_KEYS = UUID("5b3f2f0e-9d0b-4d52-9c7b-6a1f0f1d8c11")  # the namespace of our keys; never change it
_FULL = vim.fault.InsufficientResourcesFault | vim.fault.NoDiskSpace
_BUSY = vim.fault.InvalidState | vim.fault.TaskInProgress
_NOT_IN_NAMES = str.maketrans("%/\\", "___")  # vSphere would show them escaped


def create(client: Client, vim_id: str, spec: InstanceSpec) -> str:
    """See CloudPlugin. Returns as soon as the clone can be seen: vSphere goes on with what it accepted."""
    instance_id = str(uuid5(_KEYS, spec.key))
    try:
        with talking(vim_id):
            _power_on(client, vim_id, _machine(client, vim_id, spec, instance_id))
    except CloudFailed as error:
        if isinstance(error.__cause__, _FULL):
            raise Conflict("instance", spec.name, f"cannot be made: {error.reason}") from error
        raise
    return instance_id


def show(client: Client, instance_id: str) -> Instance:
    """See CloudPlugin. A clone of ours that has no UUID yet is being built."""
    machine = client.find(instance_id)
    objects = client.reread([machine], {VM: LOOK[VM]})
    if machine not in objects:
        raise NotFound("instance", instance_id)
    if host := objects[machine].get("runtime.host", ""):
        objects |= client.reread([host], {HOST: LOOK[HOST]})
    if cluster := objects.get(host, {}).get("parent", ""):
        objects |= client.reread([cluster], {COMPUTE: LOOK[COMPUTE]})
    shown = instance(objects, machine, {machine: instance_id})
    if shown is None:
        raise NotFound("instance", instance_id)
    return shown if objects[machine].get("config.instanceUuid") else replace(shown, state="building")


def _machine(client: Client, vim_id: str, spec: InstanceSpec, instance_id: str) -> str:
    try:
        return client.find(instance_id)
    except NotFound:
        return _cloned(client, vim_id, spec, instance_id)


def _cloned(client: Client, vim_id: str, spec: InstanceSpec, instance_id: str) -> str:
    """Begin to clone and wait until the clone can be seen; its name in that vSphere."""
    if spec.flavor:
        raise Invalid("flavor", spec.flavor, "none: a vSphere has no flavors, sizes are told in properties")
    origin, ending = source(client, spec), name_ending(instance_id)
    name = spec.name.translate(_NOT_IN_NAMES)[: LONGEST_NAME - len(ending)] + ending
    ask = vim.vm.CloneSpec(
        location=origin.location, powerOn=True, template=False, config=_config(spec, origin, instance_id)
    )
    folder = client.thing(origin.folder)
    task = client.begin(origin.machine, "CloneVM_Task", folder, name, ask)
    while True:
        done = _no_longer_needed(client, vim_id, task)
        if machine := client.child(origin.folder, name):
            return machine
        if done:
            raise CloudFailed(vim_id, f"vSphere has cloned {spec.image} and does not show the clone")
        time.sleep(min(LOOK_AGAIN, client.seconds_left()))


def _no_longer_needed(client: Client, vim_id: str, task: str) -> bool:
    """Whether the task is done, or somebody else did the same. Raises what it failed of."""
    try:
        return ended(client, vim_id, task)
    except CloudFailed as error:
        if isinstance(error.__cause__, vim.fault.DuplicateName):
            return True
        raise


def _config(spec: InstanceSpec, origin: Source, instance_id: str) -> Any:
    """What of the clone is unlike its source. User data are as cloud-init looks for them (DataSourceVMware)."""
    size = sizes(spec.properties)
    extra = {KEY: spec.key}
    if spec.user_data:
        data = b64encode(spec.user_data.encode()).decode()
        extra |= {"guestinfo.userdata": data, "guestinfo.userdata.encoding": "base64"}
    config = vim.vm.ConfigSpec(
        instanceUuid=instance_id,
        extraConfig=[vim.option.OptionValue(key=key, value=value) for key, value in extra.items()],
        deviceChange=origin.devices,
    )
    if size.vcpus:
        config.numCPUs = size.vcpus
    if size.memory_mb:
        config.memoryMB = -(-size.memory_mb // MEMORY_STEP) * MEMORY_STEP
    return config


def _power_on(client: Client, vim_id: str, machine: str) -> None:
    """Power it on unless it is, or vSphere is still at it. Not every vSphere does so while it clones."""
    told = client.reread([machine], {VM: ("runtime.powerState",)}).get(machine, {})
    if told.get("runtime.powerState") != "poweredOff":
        return
    try:
        finish(client, vim_id, client.begin(machine, TASKS[InstanceAction.POWER_ON]))
    except CloudTimeout:
        return
    except CloudFailed as error:
        if not isinstance(error.__cause__, _BUSY):
            raise
