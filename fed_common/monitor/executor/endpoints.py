"""What executors answer on topic KILL_ACTION: the seed's ``kill`` and ``update``, and ``second_opinion``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fed_common.core.health import Check, ProbeKind, Verdict
from fed_common.monitor.executor.killing import Killing
from fed_common.telemetry.logging import get_logger

log = get_logger(__name__)


class Endpoints:
    """Public methods are those of the wire. Each may be called twice."""

    def __init__(
        self,
        killing: Killing,
        is_watched: Callable[[str], bool],
        look: Callable[[], None],
        ask: Callable[[Check], Verdict],
    ) -> None:
        """``is_watched``: this action, here. ``look``: read the rows again. ``ask``: one check now, bounded."""
        self._killing, self._is_watched, self._look, self._ask = killing, is_watched, look, ask

    def kill(self, context: Mapping[str, Any], action_id: str) -> None:  # noqa: ARG002
        """End the action of that id, and no other."""
        self._killing.kill(str(action_id))

    def killAction(self, context: Mapping[str, Any]) -> None:  # noqa: ARG002
        """Tacker's older form says by its queue alone whom it means; one that came another way means nobody."""
        log.warning("killAction names nobody: send it to KILL_ACTION.<uuid of the VIM or VNF>")

    def update(self, context: Mapping[str, Any], action_id: str, parameter: Mapping[str, Any]) -> None:  # noqa: ARG002
        """What this action watches has changed. What it is now is read, so ``parameter`` is not believed.

        Of an unknown action nothing changes here; it may be a new one, which the same reading finds.
        """
        if not self._is_watched(str(action_id)):
            log.debug("an update of an action that is not watched here", action=str(action_id)[:100])
        self._look()

    def second_opinion(self, context: Mapping[str, Any], check: Mapping[str, Any]) -> str:  # noqa: ARG002
        """The Verdict of this check, made now. Raises TypeError or ValueError: it is none."""
        kind = ProbeKind(check["kind"])
        return self._ask(Check(**{**check, "kind": kind})).value
