"""The VIO plugin: a cloud whose Nova pushes its notifications."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fed_common.core import clock
from fed_common.core.model import Vim
from fed_common.interfaces.source import EventSource, Reading
from multicloud_generic.openstack.plugin import OpenStackPlugin
from multicloud_vio.notifications import to_event


class VioPlugin(OpenStackPlugin):
    """VMware Integrated OpenStack."""

    name = "vmware"
    vim_types = frozenset({"vmware"})

    def event_source(self, vim: Vim) -> EventSource | None:
        """See CloudPlugin; ``None`` when the VIM's record has no transport."""
        if vim.transport is None:
            return None
        from multicloud_vio.listener import (
            NovaNotificationSource,
        )  # loads oslo.messaging: only who listens needs it

        return NovaNotificationSource(vim)

    def read_notification(self, vim: Vim, notification: Mapping[str, Any]) -> Reading:
        """See CloudPlugin."""
        return to_event(notification, str(vim.id), clock.now())
