"""Fills the generated parts of the handbook: ``python -m docs.generate``, after changing what they show.

A part stands between ``<!-- generated: NAME -->`` and ``<!-- end -->``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from fed_common.core import states
from fed_common.core.instances import STATE_NUMBERS
from fed_common.core.kinds import Phase
from fed_common.core.state_words import STATE_WORDS
from multicloud_vio.kinds import OPERATIONS, Operation

DOCS = Path(__file__).parent
PAGES = ("specs/event.md", "specs/meters.md", "specs/monitor-states.md", "specs/polling.md")
_PART = re.compile(r"(<!-- generated: ([\w-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def nova_names() -> str:
    """What each of Nova's operations on an instance is read as."""
    head = ("kind", "type", "phases", "Nova's versioned name")
    return table(head, sorted(map(_nova_row, OPERATIONS), key=lambda row: row[0]))


def _nova_row(one: Operation) -> list[str]:
    phases = one.suffixes.split()
    if one.bare is not Phase.MOMENT or not phases:
        phases.append(f"{one.bare} (no suffix)")
    legacy = "" if one.legacy else " *"
    versioned = f"`instance.{one.versioned}`" if one.versioned else "none"
    return [one.kind, f"`compute.instance.{one.name}`{legacy}", ", ".join(phases), versioned]


def state_words() -> str:
    """What each word means that instances are asked for by."""
    head = ("word", "states", "tasks that begin with")
    return table(head, ([word, ", ".join(one.states), ", ".join(one.tasks)] for word, one in STATE_WORDS.items()))


def state_numbers() -> str:
    """The meter ``instance.state`` as a number."""
    return table(("state", "number"), ([state, str(number)] for state, number in STATE_NUMBERS.items()))


PARTS = {
    "nova-names": nova_names,
    "state-words": state_words,
    "state-numbers": state_numbers,
    "states-of-targets": lambda: states.diagram(states.TARGET),
    "states-of-vims": lambda: states.diagram(states.VIM),
    "states-of-vnfs": lambda: states.diagram(states.VNF),
    "states-of-operations": lambda: states.diagram(states.OPERATION),
}


def filled(page: str) -> str:
    """The page with its generated parts as they have to be."""
    return _PART.sub(lambda found: f"{found[1]}{PARTS[found[2]]()}{found[3]}", page)


if __name__ == "__main__":
    for name in PAGES:
        path = DOCS / name
        path.write_text(filled(path.read_text()))
