"""The plugin for any OpenStack cloud, Newton or later, with Keystone v3."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import ClassVar

from fed_common.core.errors import NotFound
from fed_common.core.instances import Capacity, Instance, InstanceAction, InstanceSpec, Sweep
from fed_common.core.model import Vim
from fed_common.interfaces.plugin import CloudPlugin
from multicloud_generic.openstack import actions, building, nova
from multicloud_generic.openstack.client import keystone
from multicloud_generic.openstack.clouds import Cloud, clouds
from multicloud_generic.openstack.room import room
from multicloud_generic.openstack.sweep import sweep

KEYSTONE = ("identity", "keystone")


class OpenStackPlugin(CloudPlugin):
    """OpenStack, polled."""

    name: ClassVar[str] = "openstack"
    vim_types: ClassVar[frozenset[str]] = frozenset({"openstack"})

    def probe_vim(self, vim: Vim, *, timeout: float) -> None:
        """See CloudPlugin: signs in and asks Nova for its limits, which any user may see."""
        with _cloud(vim, timeout) as cloud:
            nova.get(cloud.home, "/limits")

    def list_instances(self, vim: Vim, *, since: datetime | None = None, timeout: float) -> Sweep:
        """See CloudPlugin."""
        with _cloud(vim, timeout) as cloud:
            return sweep(cloud, since)

    def capacity(self, vim: Vim, *, project: str = "", timeout: float) -> Capacity:
        """See CloudPlugin. A project that is not the VIM's first needs an administrator, or a role in it."""
        with _cloud(vim, timeout) as cloud:
            return room(cloud, project)

    def service_url(self, vim: Vim, service: str, *, timeout: float) -> str:
        """See CloudPlugin. Keystone's needs no signing in."""
        if service in KEYSTONE:
            return keystone(vim)
        with _cloud(vim, timeout) as cloud:
            base = cloud.home.catalogue().base(service)
        if base is None:
            raise NotFound("service", service)
        return base

    def mark_host_down(self, vim: Vim, host: str, *, down: bool, timeout: float) -> bool:
        """See CloudPlugin."""
        with _cloud(vim, timeout) as cloud:
            return actions.mark_host_down(cloud, host, down)

    def reset_state(self, vim: Vim, instance_id: str, state: str, *, timeout: float) -> None:
        """See CloudPlugin. Raises Invalid for another state."""
        with _cloud(vim, timeout) as cloud:
            actions.reset_state(cloud, instance_id, state)

    def act(self, vim: Vim, instance_id: str, action: InstanceAction, *, timeout: float) -> None:
        """See CloudPlugin. A reboot is a hard one; a rebuild takes the image the instance has."""
        with _cloud(vim, timeout) as cloud:
            actions.act(cloud, instance_id, action)

    def create_instance(self, vim: Vim, spec: InstanceSpec, *, timeout: float) -> str:
        """See CloudPlugin. It is made in the VIM's first project."""
        with _cloud(vim, timeout) as cloud:
            return building.create(cloud, spec)

    def show_instance(self, vim: Vim, instance_id: str, *, timeout: float) -> Instance:
        """See CloudPlugin. The first project that knows it is asked."""
        with _cloud(vim, timeout) as cloud:
            return building.show(cloud, instance_id)


@contextmanager
def _cloud(vim: Vim, timeout: float) -> Iterator[Cloud]:
    """Inside, the VIM's cloud can be asked for so many seconds."""
    cloud = clouds.of(vim)
    with cloud.within(timeout):
        yield cloud
