"""``manage.py evaluator``: evaluates what comes over the bus, and does what time does to rules."""

from __future__ import annotations

from fed_common.alarms.evaluator.running import Evaluating
from fed_common.events.worker_command import WorkerCommand


class Command(WorkerCommand):
    """Run one evaluator."""

    help = "Evaluate the events of a Ceilometer, and clear rules in time. Any number of evaluators share the work."
    kind = "evaluator"
    needs_bus = True

    def parts(self) -> tuple[Evaluating]:
        """The timers and the intake."""
        return (Evaluating(),)
