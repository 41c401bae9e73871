"""Reads the conditions of rules, and tells whether one holds. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from fed_common.core import comparing, globs, plain
from fed_common.core.rules import Condition, Term
from fed_common.core.traits import Seen

OPERATORS, TYPES = tuple(comparing.OPERATORS), ("", *comparing.READERS)
FIELD_FORM = "letters, digits, '.', '_', '-', ',' and ', at most 255, no blanks"
NOT_COMPARED = ("raw", "message_signature")
"""Of Ceilometer's event, but no values: a term on them would never hold."""
VALUES = {
    "integer": "an integer",
    "float": "a finite number",
    "boolean": ", ".join((*comparing.TRUE, *comparing.FALSE)),
    "datetime": "a time in ISO 8601",
}
_FIELD = re.compile(r"[a-zA-Z.',0-9_-]{1,255}")


def matches(condition: Condition, seen: Seen) -> bool:
    """Whether the event's type matches and every term holds. Never raises."""
    if not globs.matcher(condition.event_type)(seen.event_type):
        return False
    return all(comparing.holds(term, seen.traits) for term in condition.query)


def parse_condition(condition: object, *, field: str = "event_rule", terms: int = 100) -> Condition:
    """Read the content of Aodh's ``event_rule``. Raises Invalid naming field, value and what is allowed."""
    found = plain.keys_of(field, condition, ("event_type", "query"))
    event_type = found.get("event_type")
    return Condition(
        globs.parse_glob(f"{field}.event_type", "*" if event_type in (None, "") else event_type),
        _terms(f"{field}.query", found.get("query"), terms),
    )


def condition_to_plain(condition: Condition) -> dict[str, Any]:
    """The inverse of ``parse_condition``, with defaults spelled out."""
    return {
        "event_type": condition.event_type,
        "query": [
            {"field": term.field, "op": term.op, "value": term.value, "type": term.type}
            for term in condition.query
        ],
    }


def parse_trait(field: str, name: object) -> str:
    """The name of a trait, with or without ``traits.``. Raises Invalid for one that no event can have."""
    if not isinstance(name, str) or not _FIELD.fullmatch(name) or name == "traits.":
        raise plain.refused(field, name, FIELD_FORM)
    if name in NOT_COMPARED:
        raise plain.refused(field, name, "a trait, event_type, message_id, generated")
    return name


def _terms(field: str, query: object, most: int) -> tuple[Term, ...]:
    if query is None:
        return ()
    if not isinstance(query, list | tuple):
        raise plain.refused(field, query, "a list of objects")
    if len(query) > most:
        raise plain.refused(field, f"{len(query)} terms", f"at most {most} terms")
    return tuple(_term(f"{field}[{number}]", one) for number, one in enumerate(query))


def _term(field: str, term: object) -> Term:
    found = plain.keys_of(field, term, ("field", "op", "value", "type"))
    name = parse_trait(f"{field}.field", found.get("field"))
    op = _word(f"{field}.op", found, "op", "eq", OPERATORS)
    type = _word(f"{field}.type", found, "type", "", TYPES)
    value = plain.text(f"{field}.value", found.get("value"))
    _check_value(f"{field}.value", value, "datetime" if name.endswith("generated") and not type else type)
    return Term(name, op, value, type)


def _word(field: str, found: Mapping[str, Any], name: str, default: str, allowed: tuple[str, ...]) -> str:
    word = found.get(name)
    if word is None:
        return default
    if not isinstance(word, str) or word not in allowed:
        raise plain.refused(field, word, ", ".join(one or "''" for one in allowed))
    return word


def _check_value(field: str, value: str, type: str) -> None:
    read = comparing.READERS.get(type)
    whole = type != "integer" or isinstance(comparing.number(value), int)
    if read is not None and (read(value) is None or not whole):
        raise plain.refused(field, value, VALUES[type])
