"""The cloud of a fault, as inspectors tell it. Calls block for about MCFED_FAULT_CALL_TIMEOUT."""

from __future__ import annotations

from django.conf import settings

from fed_common.core.errors import GatewayError
from fed_common.faults.models import FaultedInstance
from fed_common.interfaces.plugin import CloudPlugin
from fed_common.inventory.checks import clouds
from fed_common.inventory.models import Vim
from fed_common.telemetry.logging import get_logger

Outcome = FaultedInstance.Outcome
ERROR, ACTIVE = "error", "active"
IS_NOW, GONE = "it is by now ", "the cloud has it no more"

log = get_logger(__name__)


class FaultyCloud:
    """One VIM and its plugin."""

    def __init__(self, vim: Vim) -> None:
        """Raises Permanent: the VIM's secrets cannot be read; Invalid: there is no plugin for its type."""
        self._vim = vim.to_core()
        self._plugin: CloudPlugin = clouds().get(vim.type)()

    @property
    def can_be_told(self) -> bool:
        """Whether this type of cloud knows of hosts that are down."""
        return type(self._plugin).mark_host_down is not CloudPlugin.mark_host_down

    def greet(self) -> None:
        """Sign in unless that was done already. Raises as the plugin's verb."""
        self._plugin.probe_vim(self._vim, timeout=settings.FAULT_CALL_TIMEOUT)

    def mark(self, host: str, *, down: bool) -> bool:
        """Whether the cloud thought otherwise before. Raises as the plugin's verb."""
        return self._plugin.mark_host_down(self._vim, host, down=down, timeout=settings.FAULT_CALL_TIMEOUT)

    def set_error(self, row: FaultedInstance) -> FaultedInstance.Outcome:
        """Raises as the plugin's verb."""
        self._plugin.reset_state(self._vim, row.instance_id, ERROR, timeout=settings.FAULT_CALL_TIMEOUT)
        return Outcome.RESET

    def take_back(self, row: FaultedInstance) -> FaultedInstance.Outcome:
        """Only where it is still in error; else its state is kept as the reason. Raises as the plugin's verbs."""
        timeout = settings.FAULT_CALL_TIMEOUT
        state = self._plugin.show_instance(self._vim, row.instance_id, timeout=timeout).state
        if state != ERROR:
            row.reason = f"{IS_NOW}{state}"
            return Outcome.LEFT
        self._plugin.reset_state(self._vim, row.instance_id, ACTIVE, timeout=timeout)
        return Outcome.RESTORED


def load_plugins() -> None:
    """Import them all before the first host fails: that takes longer than all that is done for it then."""
    try:
        for name in (registry := clouds()).names():
            registry.get(name)
    except Exception:
        log.exception("a plugin of a cloud cannot be loaded")


def cloud_of(vim: Vim) -> FaultyCloud | str:
    """The cloud, or why nothing can be told to it."""
    try:
        return FaultyCloud(vim)
    except GatewayError as error:
        return str(error)
