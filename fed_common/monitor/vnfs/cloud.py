"""The cloud of a VNF, as operations ask it."""

from __future__ import annotations

from django.conf import settings

from fed_common.core.errors import NotFound
from fed_common.core.instances import Instance, InstanceAction, InstanceSpec
from fed_common.inventory.checks import clouds
from fed_common.inventory.models import Vim

GONE = ("deleted", "soft-delete")


class Cloud:
    """One VIM and its plugin. Verbs block for at most about MCFED_CLOUD_TIMEOUT and raise as the plugin's."""

    def __init__(self, vim: Vim) -> None:
        """Raises Permanent: the VIM's secrets cannot be read; Invalid: there is no plugin for its type."""
        self._vim, self._plugin = vim.to_core(), clouds().get(vim.type)()

    def create(self, spec: InstanceSpec) -> str:
        """The id of the instance that has the key of ``spec``, which is made if there is none."""
        return self._plugin.create_instance(self._vim, spec, timeout=settings.CLOUD_TIMEOUT)

    def show(self, instance_id: str) -> Instance:
        """The instance. Raises NotFound, also when all that is left of it is its name."""
        found = self._plugin.show_instance(self._vim, instance_id, timeout=settings.CLOUD_TIMEOUT)
        if found.state in GONE:
            raise NotFound("instance", instance_id)
        return found

    def act(self, instance_id: str, action: InstanceAction) -> None:
        """Begin the action. Raises NotFound."""
        self._plugin.act(self._vim, instance_id, action, timeout=settings.CLOUD_TIMEOUT)
