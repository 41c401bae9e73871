"""Composite rules: several conditions joined by ``and`` and ``or``. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from fed_common.core import plain
from fed_common.core.conditions import condition_to_plain, parse_condition
from fed_common.core.rules import Condition, RuleType, Tree

OPERATORS = ("and", "or")
DEEPEST = 8


def parse_tree(
    tree: object, *, field: str = "composite_rule", terms: int = 100
) -> tuple[tuple[Condition, ...], Tree]:
    """Read Aodh's ``composite_rule`` over events: its conditions, and how they are joined.

    At most ``terms`` conditions, and as many terms in all of them. Raises Invalid naming the path.
    """
    reader = _Reader(field, terms)
    root = reader.tree(field, tree, depth=1)
    return tuple(reader.conditions), root


def tree_to_plain(conditions: Sequence[Condition], tree: Tree) -> dict[str, Any]:
    """The inverse of ``parse_tree``, with defaults spelled out."""
    return {tree.op: [_part_to_plain(conditions, part) for part in tree.parts]}


def holds(tree: Tree, seen: Mapping[int, datetime], newest: datetime, within: float) -> bool:
    """Whether the tree holds, of its conditions those that held at most ``within`` seconds before ``newest``.

    ``seen`` has the moment each condition held last, by its number.
    """
    oldest = newest - timedelta(seconds=within)
    return _holds(tree, {number for number, moment in seen.items() if moment >= oldest})


def _holds(tree: Tree, fresh: set[int]) -> bool:
    every = all if tree.op == "and" else any
    return every(_holds(part, fresh) if isinstance(part, Tree) else part in fresh for part in tree.parts)


def _part_to_plain(conditions: Sequence[Condition], part: int | Tree) -> dict[str, Any]:
    if isinstance(part, Tree):
        return tree_to_plain(conditions, part)
    return {"type": RuleType.EVENT.value, **condition_to_plain(conditions[part])}


class _Reader:
    """Numbers the conditions as it meets them."""

    def __init__(self, field: str, terms: int) -> None:
        self.conditions: list[Condition] = []
        self._field, self._terms, self._most = field, 0, terms

    def tree(self, path: str, tree: object, *, depth: int) -> Tree:
        """``{"and": [...]}`` or ``{"or": [...]}``."""
        found = plain.keys_of(path, tree, OPERATORS)
        if len(found) != 1:
            raise plain.refused(path, tree, "an object with one key: and, or")
        if depth > DEEPEST:
            raise plain.refused(path, f"{depth} levels", f"at most {DEEPEST} levels")
        op, parts = next(iter(found.items()))
        if not isinstance(parts, list | tuple) or len(parts) < 2:
            raise plain.refused(f"{path}.{op}", parts, "a list of at least 2 rules")
        return Tree(op, tuple(self._part(f"{path}.{op}[{at}]", part, depth) for at, part in enumerate(parts)))

    def _part(self, path: str, part: object, depth: int) -> int | Tree:
        if isinstance(part, Mapping) and not part.keys().isdisjoint(OPERATORS):
            return self.tree(path, part, depth=depth + 1)
        self.conditions.append(self._condition(path, part))
        if len(self.conditions) > self._most:
            raise plain.refused(self._field, f"more than {self._most} rules", f"at most {self._most}")
        return len(self.conditions) - 1

    def _condition(self, path: str, part: object) -> Condition:
        found = plain.keys_of(path, part, ("type", "event_type", "query"))
        if found.get("type") != RuleType.EVENT:
            raise plain.refused(f"{path}.type", found.get("type"), (RuleType.EVENT.value,))
        rest = {name: value for name, value in found.items() if name != "type"}
        condition = parse_condition(rest, field=path, terms=self._most)
        self._terms += len(condition.query)
        if self._terms > self._most:
            raise plain.refused(self._field, f"{self._terms} terms", f"at most {self._most} terms in all")
        return condition
