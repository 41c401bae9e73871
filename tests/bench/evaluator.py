"""``python -m tests.bench.evaluator``: what evaluating costs, by the number of rules, on PostgreSQL.

One process, batches of BATCH events as a listener hands them over; what would be sent is dropped.
"""

from __future__ import annotations

import argparse
import os
import time
import uuid
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import django

from tests.conftest import empty_database, service

if TYPE_CHECKING:  # it needs Django, which is set up later
    from fed_common.core.model import Event

BATCH = 500
RULES = (1, 1_000, 100_000)
FANS = (1, 16, 100, 1_000)
HEAD = f"{'rules':>8} {'events match':30} {'events/s':>9} {'ratio':>6} {'us CPU/event':>13} {'ms, batch of 1':>14}"


def main() -> None:
    """The whole table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rules", type=int, nargs="*", default=RULES)
    parser.add_argument("--events", type=int, default=5_000)
    options, _ = parser.parse_known_args()
    service("postgres", "start")
    with empty_database(service("postgres", "url")) as url:
        os.environ["MCFED_DATABASE_URL"] = url
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fed_common.settings")
        django.setup()
        from django.core.management import call_command
        from django.db import connection

        call_command("migrate", verbosity=0)
        print(HEAD)
        known, first = 0, dict[str, float]()
        for count in options.rules:
            _lay(count - known)
            known = count
            for name, rate, cpu, alone in _contenders(options.events):
                ratio = rate / first.setdefault(name, rate)
                print(f"{count:8} {name:30} {rate:9.0f} {ratio:6.2f} {cpu:13.0f} {alone:14.2f}", flush=True)
        _fan_out()
        connection.close_pool()


def _lay(count: int) -> None:
    """That many rules of instances which nothing ever happens to."""
    from fed_common.alarms.models import Revision, Rule
    from tests.evaluated import doctors_rule

    revision = Revision.next()
    rows = (doctors_rule(str(uuid.uuid4()), revision=revision) for _ in range(count))
    Rule.objects.bulk_create(rows, batch_size=5_000)


def _contenders(count: int) -> Sequence[tuple[str, float, float, float]]:
    from fed_common.alarms.evaluator import evaluating
    from fed_common.alarms.evaluator.rule_book import RuleBook
    from fed_common.alarms.models import Rule
    from tests.evaluated import edit, error_rule, update

    book = RuleBook()
    begun = time.perf_counter()
    book.refresh()
    print(f"{len(book):8} loaded in {time.perf_counter() - begun:.2f} s")
    evaluator = evaluating.Evaluator(book)
    error_rule("hot-once")
    error_rule("hot", repeat_actions=True, alarm_actions=["http://192.0.2.1/"])
    names = {"none": "cold", "one that fired already": "hot-once", "one that repeats, with action": "hot"}
    with _nothing_sent():
        evaluator.evaluate([update(instance) for instance in names.values()])
        found = [(name, *_measured(evaluator.evaluate, partial(update, of), count)) for name, of in names.items()]
    for rule in Rule.objects.filter(state="alarm"):
        edit(rule, enabled=False)
    return found


def _measured(evaluate: Callable[[Sequence[Event]], None], event: Callable[[], Event], count: int) -> Any:
    events = [event() for _ in range(count)]
    begun, cpu = time.perf_counter(), time.process_time()
    for at in range(0, count, BATCH):
        evaluate(events[at : at + BATCH])
    rate, used = count / (time.perf_counter() - begun), (time.process_time() - cpu) / count * 1e6
    begun = time.perf_counter()
    for _ in range(100):
        evaluate([event()])
    return rate, used, (time.perf_counter() - begun) * 10


def _fan_out() -> None:
    """One event of a host fault each, and as many rules: until the first and the last is handed over."""
    from fed_common.alarms.evaluator import evaluating
    from fed_common.alarms.evaluator.rule_book import RuleBook
    from tests.evaluated import error_rule, update

    book = RuleBook()
    for fan in FANS:
        names = [f"fan-{fan}-{n}" for n in range(fan)]
        for name in names:
            error_rule(name, alarm_actions=["http://192.0.2.1/"])
        book.refresh()
        first, last, used = _fanned(evaluating.Evaluator(book), [update(name, host="h") for name in names])
        print(f"fan-out {fan:5}: first {first:.1f} ms, last {last:.1f} ms, {used / fan * 1e6:.0f} us CPU each")


def _fanned(evaluator: Any, events: Sequence[Event]) -> tuple[float, float, float]:
    """Milliseconds until the first and the last are handed over, and the seconds of processor time of it all."""
    times: list[float] = []
    with _nothing_sent(lambda: times.append(time.perf_counter())):
        begun, cpu = time.perf_counter(), time.process_time()
        evaluator.evaluate(events)
    return (times[0] - begun) * 1e3, (times[-1] - begun) * 1e3, time.process_time() - cpu


def _nothing_sent(note: Callable[[], None] = lambda: None) -> Any:
    from unittest.mock import patch

    from fed_common.alarms.evaluator import evaluating

    return patch.object(evaluating, "hand_over", lambda deliveries: note() if deliveries else None)


if __name__ == "__main__":
    main()
