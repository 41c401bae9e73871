"""Finds the rules whose conditions hold for an event, at a cost that does not grow with their number. Pure.

A condition waits in one place: under the value that one of its terms wants a trait to have, or its event type,
else under its glob. An event looks only where its own values and the globs of its type are.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from enum import StrEnum
from itertools import count
from typing import NamedTuple
from uuid import UUID

from fed_common.core import comparing, globs
from fed_common.core.conditions import matches
from fed_common.core.rules import Condition, Rule, Term
from fed_common.core.traits import Seen, is_time

EVENTS_OF = {"instance_id": 1, "resource_id": 1, "message_id": 1, "host": 4, "vnf_id": 4, "event_type": 64}
"""In how many events one value of a trait is, roughly, and beside each other; any other trait: 16."""
MOST_TYPES = 4096
_GLOBS = "*"


class Effect(StrEnum):
    """What it means for a rule that a condition holds."""

    RAISE = "raise"
    CLEAR = "clear"


class Hit(NamedTuple):
    """A condition that holds. ``part`` is its number in ``Rule.conditions``; 0 of a clear condition."""

    rule_id: UUID
    part: int
    effect: Effect


class _Waiting(NamedTuple):
    rule_id: UUID
    part: int
    effect: Effect
    condition: Condition


Place = dict[int, _Waiting]
"""What waits there, by the order in which it came."""
Key = tuple[str, Hashable]
"""A trait's name and its value."""
Spot = tuple[str, Hashable, int]
"""The key under which a condition waits, and its order. The garbage collector leaves such tuples alone."""


class RuleIndex:
    """The rules that are in force. Not for several threads at once."""

    def __init__(self) -> None:
        self._rules: dict[UUID, tuple[str, tuple[Spot, ...]]] = {}
        self._projects: dict[str, _Project] = {}
        self._order = count()

    def __len__(self) -> int:
        return len(self._rules)

    def __contains__(self, rule_id: UUID) -> bool:
        return rule_id in self._rules

    def put(self, rule: Rule) -> None:
        """Add a rule, or replace the one with its id, which then comes last."""
        self.remove(rule.id)
        project = self._projects.setdefault(rule.project_id, _Project())
        spots = [spot for one in _conditions(rule) for spot in project.add(next(self._order), one)]
        self._rules[rule.id] = rule.project_id, tuple(spots)

    def remove(self, rule_id: UUID) -> None:
        """Forget a rule, if it is there."""
        name, spots = self._rules.pop(rule_id, ("", ()))
        for spot in spots:
            self._projects[name].discard(spot)
        if spots and not self._projects[name].places:
            del self._projects[name]

    def matching(self, seen: Seen) -> list[Hit]:
        """Every condition that holds for the event, in the order the rules were put."""
        found: Place = {}
        for name in {seen.project, ""}:
            project = self._projects.get(name)
            if project:
                project.gather(seen, found)
        waiting = [found[order] for order in sorted(found)]
        return [Hit(one.rule_id, one.part, one.effect) for one in waiting if matches(one.condition, seen)]


class _Project:
    """The places of one project: by a trait's name and value, and by glob."""

    def __init__(self) -> None:
        self.places: dict[str, dict[Hashable, Place]] = {}
        self._globs_of: dict[str, list[Place]] = {}

    def add(self, order: int, waiting: _Waiting) -> Iterator[Spot]:
        """Let a condition wait where it is looked at least; tells where."""
        for name, value in min(_choices(waiting.condition), key=self._looks):
            self._open(name, value)[order] = waiting
            yield name, value, order

    def discard(self, spot: Spot) -> None:
        """Take a condition away."""
        name, value, order = spot
        values = self.places[name]
        del values[value][order]
        if not values[value]:
            del values[value]
            self._forget_globs(name)
        if not values:
            del self.places[name]

    def gather(self, seen: Seen, found: Place) -> None:
        """Add what waits for an event like this one to ``found``."""
        for name in self.places.keys() & seen.traits.keys():
            values = self.places[name]
            for form in _forms(seen.traits[name]):
                if form in values:
                    found.update(values[form])
        for place in self._globs(seen.event_type):
            found.update(place)

    def _looks(self, keys: Sequence[Key]) -> int:
        """How much is compared because of what would wait under these keys then."""
        crowd = max(len(self.places.get(name, {}).get(value, ())) for name, value in keys)
        return (crowd + 1) * EVENTS_OF.get(keys[0][0], 16)

    def _open(self, name: str, value: Hashable) -> Place:
        values = self.places.setdefault(name, {})
        if value not in values:
            values[value] = {}
            self._forget_globs(name)
        return values[value]

    def _forget_globs(self, name: str) -> None:
        if name == _GLOBS:
            self._globs_of.clear()

    def _globs(self, event_type: str) -> list[Place]:
        """The places of the globs that match a type; asked of every glob only once."""
        if event_type not in self._globs_of:
            if len(self._globs_of) >= MOST_TYPES:
                self._globs_of.clear()
            every = self.places.get(_GLOBS, {})
            self._globs_of[event_type] = [
                place for glob, place in every.items() if globs.matcher(str(glob))(event_type)
            ]
        return self._globs_of[event_type]


def _conditions(rule: Rule) -> Iterator[_Waiting]:
    for part, condition in enumerate(rule.conditions):
        yield _Waiting(rule.id, part, Effect.RAISE, condition)
    if rule.extras.clear is not None:
        yield _Waiting(rule.id, 0, Effect.CLEAR, rule.extras.clear)


def _choices(condition: Condition) -> list[Sequence[Key]]:
    """Where a condition may wait: an event for which it holds looks under each of them."""
    choices = [_keys(term) for term in condition.query if _is_indexable(term)]
    if globs.is_exact(condition.event_type):
        choices.append([("event_type", condition.event_type)])
    return choices or [[(_GLOBS, condition.event_type)]]


def _is_indexable(term: Term) -> bool:
    """Whether it asks for one value that has few forms: times have many."""
    return (
        term.op == "eq" and term.type in ("", "string") and term.trait != "generated" and not is_time(term.trait)
    )


def _keys(term: Term) -> Sequence[Key]:
    """A term without a type means text, a number and a boolean, whichever the event has."""
    forms: set[Hashable] = {term.value}
    if not term.type:
        forms |= {comparing.number(term.value), comparing.truth(term.value)} - {None}
    return [(term.trait, form) for form in forms]


def _forms(value: object) -> Sequence[Hashable]:
    """Under what a value of an event is looked for."""
    if isinstance(value, str):
        return (value,)
    return (value, comparing.text(value)) if isinstance(value, int | float) else ()
