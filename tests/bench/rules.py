"""Finding the rules of an event: the index beside a look at every rule, as Aodh's evaluator does it, in one run.

Doctor's rules, one per instance: ``compute.instance.update`` of this instance in state ``error``.
``python -m tests.bench.rules`` runs it alone, in about ten seconds.
"""

from __future__ import annotations

import gc
import time
import tracemalloc
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from fed_common.core.conditions import matches, parse_condition
from fed_common.core.rule_index import RuleIndex
from fed_common.core.rules import Rule
from fed_common.core.traits import Seen
from tests.examples import event

COUNTS, SECONDS, WEIGHED = (1, 1_000, 100_000), 0.5, 20_000


@dataclass(frozen=True)
class Row:
    """Microseconds of processor time for an event that fires one of so many rules, and for one that fires none."""

    name: str
    rules: int
    one_us: float
    none_us: float


def main() -> None:
    """Measure and print the tables."""
    every = [doctor_rule(number) for number in range(COUNTS[-1])]
    rows = []
    for count in COUNTS:
        rows += [_scan(every[:count]), _index(every[:count])]
    print(table(rows))
    print()
    print(_loaded(every))


def table(rows: Sequence[Row]) -> str:
    """As Markdown; each pair's ratio is of an event that fires one rule."""
    head = ["rules", "way", "CPU us/event, one fires", "none fires", "events/s", "ratio"]
    lines = [head, ["---:", "---"] + ["---:"] * (len(head) - 2)]
    for row, first in zip(rows, (row for pair in rows[::2] for row in (pair, pair)), strict=True):
        figures = f"{row.one_us:,.1f}", f"{row.none_us:,.1f}", f"{1e6 / row.one_us:,.0f}"
        lines.append([f"{row.rules:,}", row.name, *figures, f"{first.one_us / row.one_us:,.1f}"])
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def doctor_rule(number: int) -> Rule:
    """OPNFV Doctor's rule for one instance."""
    query = [
        {"field": "traits.instance_id", "op": "eq", "value": instance(number), "type": ""},
        {"field": "traits.state", "op": "eq", "value": "error", "type": ""},
    ]
    condition = parse_condition({"event_type": "compute.instance.update", "query": query})
    return Rule(UUID(int=number), f"doctor_alarm{number}", "tenant-a", (condition,))


def instance(number: int) -> str:
    """The id of an instance."""
    return str(UUID(int=number << 64))


def _scan(rules: Sequence[Rule]) -> Row:
    def find(seen: Seen) -> int:
        mine = (rule for rule in rules if rule.project_id in ("", seen.project))
        return len([rule for rule in mine if matches(rule.conditions[0], seen)])

    return _row("every rule", len(rules), find)


def _index(rules: Sequence[Rule]) -> Row:
    index = RuleIndex()
    for rule in rules:
        index.put(rule)
    return _row("index", len(rules), lambda seen: len(index.matching(seen)))


def _row(name: str, rules: int, find: Callable[[Seen], int]) -> Row:
    return Row(name, rules, _cost(find, instance(0), 1), _cost(find, "another", 0))


def _cost(find: Callable[[Seen], int], instance_id: str, expected: int) -> float:
    """Microseconds of processor time for an event, its traits included: neighbours do not count."""
    payload = {f"key{number}": f"value{number}" for number in range(40)}
    one = event(type="compute.instance.update", instance_id=instance_id, state="error", payload=payload)
    done, began = 0, time.process_time()
    while time.process_time() - began < SECONDS:
        if find(Seen.of(one)) != expected:
            raise AssertionError(f"{instance_id}: not {expected} rules")
        done += 1
    return (time.process_time() - began) / done * 1e6


def _loaded(every: Sequence[Rule]) -> str:
    index, began = RuleIndex(), time.process_time()
    for rule in every:
        index.put(rule)
    took = time.process_time() - began
    began = time.process_time()
    for rule in every[::100]:
        index.put(rule)
    again = (time.process_time() - began) / len(every[::100])
    return (
        f"{len(every):,} rules put in {took:.1f} s; one replaced in {again * 1e6:.0f} us; "
        f"{_weight():,.0f} bytes per rule in the index, beside the rule itself"
    )


def _weight() -> float:
    rules = [doctor_rule(number) for number in range(WEIGHED)]
    index = RuleIndex()
    gc.collect()
    tracemalloc.start()
    for rule in rules:
        index.put(rule)
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return taken / WEIGHED


if __name__ == "__main__":
    main()
