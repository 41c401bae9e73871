"""An evaluator as a process of its own: ``python -m tests.evaluator_process``, told by lines of JSON.

Each line has ``events``; ``done`` is answered once they are evaluated, however long that takes, and ``waits``
whenever it has to. With ``kill_at`` a child does it and is killed with SIGKILL at the so-manieth step (before and
after a transaction's rows are written, after it is committed, before and after the table is written): ``died``.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from itertools import count
from typing import Any

import django

_steps = count(1)


def main() -> None:
    """Evaluate until the input ends."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fed_common.settings")
    django.setup()
    from fed_common.alarms.evaluator import evaluating
    from fed_common.core.model import Event

    evaluating.hand_over = lambda deliveries: None
    evaluator: Any = None
    print("ready", flush=True)
    for line in sys.stdin:
        told = json.loads(line)
        events = [Event.from_dict(plain) for plain in told["events"]]
        if told["kill_at"]:
            print(_dying(events, told["kill_at"]), flush=True)
            continue
        evaluator = evaluator or evaluating.Evaluator()
        _evaluate(evaluator, events)
        print("done", flush=True)


def _evaluate(evaluator: Any, events: Sequence[Any]) -> None:
    from fed_common.core.errors import Retryable

    while True:
        try:
            return evaluator.evaluate(events)
        except Retryable:
            print("waits", flush=True)
            time.sleep(0.05)


def _dying(events: Sequence[Any], kill_at: int) -> str:
    """How a child ended that evaluated these."""
    child = os.fork()
    if child:
        return "died" if os.waitpid(child, 0)[1] else "done"
    from fed_common.alarms.evaluator import evaluating
    from fed_common.topics import statements

    evaluating.hand_over = lambda deliveries: _step(kill_at)
    for room, name in ((statements.Statements, "run"), (evaluating, "write")):
        setattr(room, name, _stepping(getattr(room, name), kill_at))
    _evaluate(evaluating.Evaluator(), events)
    os._exit(0)


def _step(kill_at: int) -> None:
    if next(_steps) == kill_at:
        os.kill(os.getpid(), signal.SIGKILL)


def _stepping(call: Callable[..., Any], kill_at: int) -> Callable[..., Any]:
    def stepping(*given: Any, **named: Any) -> Any:
        _step(kill_at)
        answer = call(*given, **named)
        _step(kill_at)
        return answer

    return stepping


if __name__ == "__main__":
    main()
