"""The vSphere plugin: a vCenter or a single ESXi. It tells its changes by itself, so it need not be polled."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime
from typing import ClassVar

from fed_common.core import clock
from fed_common.core.errors import CloudFailed, Unsupported
from fed_common.core.instances import Capacity, Instance, InstanceAction, InstanceSpec, Sweep
from fed_common.core.model import Vim, VimId
from fed_common.interfaces.plugin import CloudPlugin, InstanceWatch
from multicloud_generic.vsphere import capacity, mapping


class VspherePlugin(CloudPlugin):
    """VMware vSphere. Its library takes a second to load, so only what talks to one loads it."""

    name: ClassVar[str] = "vsphere"
    vim_types: ClassVar[frozenset[str]] = frozenset({"vsphere"})

    def __init__(self) -> None:
        self._known: dict[VimId, dict[str, str]] = {}  # the ids of VMs, by their names in that vSphere

    def probe_vim(self, vim: Vim, *, timeout: float) -> None:
        """See CloudPlugin. A session of its own: a password that was changed over there is found out."""
        from multicloud_generic.vsphere.client import Client

        with closing(Client(vim, timeout=timeout)) as client:
            try:
                client.login()
                client.now()
            finally:
                client.logout()

    def list_instances(self, vim: Vim, *, since: datetime | None = None, timeout: float) -> Sweep:  # noqa: ARG002
        """See CloudPlugin. vSphere cannot tell what changed after a time: always everything."""
        from multicloud_generic.vsphere.sessions import SESSIONS

        began = clock.now()
        objects = SESSIONS.ask(vim, timeout, lambda client: client.objects(mapping.LOOK))
        known = self._ids(vim)
        found = mapping.instances(objects, known)
        return Sweep(found, began, mapping.all_named(objects, known), hosts=mapping.hosts(objects))

    def watch_instances(self, vim: Vim, *, timeout: float) -> InstanceWatch:
        """See CloudPlugin."""
        from multicloud_generic.vsphere.client import Client
        from multicloud_generic.vsphere.watch import VsphereWatch

        client = Client(vim, timeout=timeout)
        try:
            client.login()
            return VsphereWatch(client, self._ids(vim), timeout=timeout)
        except CloudFailed:
            client.logout()
            client.close()
            raise

    def capacity(self, vim: Vim, *, project: str = "", timeout: float) -> Capacity:  # noqa: ARG002
        """See CloudPlugin. vSphere has no projects: always all of it."""
        from multicloud_generic.vsphere.sessions import SESSIONS

        return capacity.capacity(SESSIONS.ask(vim, timeout, lambda client: client.objects(capacity.LOOK)))

    def act(self, vim: Vim, instance_id: str, action: InstanceAction, *, timeout: float) -> None:
        """See CloudPlugin. Reboot is a reset; there is nothing that a VM could be rebuilt from."""
        if action is InstanceAction.REBUILD:
            raise Unsupported(self.name, f"{action} an instance")
        from multicloud_generic.vsphere import actions
        from multicloud_generic.vsphere.sessions import SESSIONS

        SESSIONS.ask(vim, timeout, lambda client: actions.act(client, str(vim.id), instance_id, action))

    def create_instance(self, vim: Vim, spec: InstanceSpec, *, timeout: float) -> str:
        """See CloudPlugin. A clone that keeps the disks of ``spec.image``, powered on."""
        from multicloud_generic.vsphere import building
        from multicloud_generic.vsphere.sessions import SESSIONS

        return SESSIONS.ask(vim, timeout, lambda client: building.create(client, str(vim.id), spec))

    def show_instance(self, vim: Vim, instance_id: str, *, timeout: float) -> Instance:
        """See CloudPlugin. A clone under way is building."""
        from multicloud_generic.vsphere import building
        from multicloud_generic.vsphere.sessions import SESSIONS

        return SESSIONS.ask(vim, timeout, lambda client: building.show(client, instance_id))

    def _ids(self, vim: Vim) -> dict[str, str]:
        return self._known.setdefault(vim.id, {})
