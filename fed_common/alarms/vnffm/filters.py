"""SOL 013's attribute-based filters: ``(eq,perceivedSeverity,CRITICAL);(in,eventType,A,B)``, read into queries."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from fed_common.core import clock
from fed_common.core.alarm import EventCategory, Severity
from fed_common.core.errors import Invalid
from fed_common.core.sol003 import ACKNOWLEDGED, COMPUTE, NETWORK, STORAGE, UNACKNOWLEDGED, resource_type

TERMS, VALUES = 20, 100
OPERATORS = {
    "eq": "in", "neq": "in", "in": "in", "nin": "in", "gt": "gt", "gte": "gte", "lt": "lt", "lte": "lte",
    "cont": "icontains", "ncont": "icontains",
}  # fmt: skip
NEGATED = ("neq", "nin", "ncont")
SEVERAL = ("in", "nin", "cont", "ncont")
_TERM = re.compile(r"\((\w+),([\w/]+),([^()]+)\)")

Reader = Callable[[str, str], object]


def read_filter(text: str) -> Q:
    """What it lets pass. Raises Invalid naming ``filter``."""
    if not text:
        return Q()
    terms = text.split(";")
    found = Q()
    if len(terms) > TERMS:
        raise Invalid("filter", text, f"at most {TERMS} terms")
    for term in terms:
        match = _TERM.fullmatch(term)
        if match is None:
            raise Invalid("filter", term, "(operator,attribute,value), several with ';'")
        found &= _condition(*match.groups())
    return found


def _condition(operator: str, attribute: str, text: str) -> Q:
    values = text.split(",")
    if operator not in OPERATORS:
        raise Invalid("filter", operator, OPERATORS)
    if len(values) > (VALUES if operator in SEVERAL else 1):
        raise Invalid("filter", text, f"one value with {operator}, at most {VALUES} with {', '.join(SEVERAL)}")
    if attribute not in ATTRIBUTES:
        raise Invalid("filter", attribute, ATTRIBUTES)
    made = ATTRIBUTES[attribute](operator, attribute, values)
    return ~made if operator in NEGATED else made


def _column(name: str, read: Reader = lambda _name, text: text, *, operators: Sequence[str] = ()) -> _Maker:
    """An attribute that is a column."""

    def make(operator: str, attribute: str, values: Sequence[str]) -> Q:
        lookup = OPERATORS[operator]
        if lookup not in ("in", *operators):
            raise Invalid("filter", operator, f"another operator for {attribute}")
        read_values = [read(attribute, value) for value in values]
        if lookup == "in":
            return Q(**{f"{name}__in": read_values})
        made = Q()
        for value in read_values:
            made |= Q(**{f"{name}__{lookup}": value})
        return made

    return make


def _words(meaning: Mapping[str, Q]) -> _Maker:
    """An attribute whose words each mean something of the row."""

    def make(operator: str, attribute: str, values: Sequence[str]) -> Q:
        if OPERATORS[operator] != "in":
            raise Invalid("filter", operator, ("eq", "neq", "in", "nin"))
        made = Q(pk__in=[])
        for value in values:
            if value not in meaning:
                raise Invalid(f"filter.{attribute}", value, meaning)
            made |= meaning[value]
        return made

    return make


def _uuid(name: str, text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Invalid(f"filter.{name}", text, "a UUID") from None


def _moment(name: str, text: str) -> datetime:
    if (moment := clock.parse(text)) is None:
        raise Invalid(f"filter.{name}", text, "an ISO 8601 time such as 2026-11-21T10:00:00Z")
    return moment


_Maker = Callable[[str, str, Sequence[str]], Q]
_ORDER, _TEXT = ("gt", "gte", "lt", "lte"), ("gt", "gte", "lt", "lte", "icontains")
_OPEN, _OVER = Q(cleared_at__isnull=True), Q(cleared_at__isnull=False)
_ROOT = Q(object_type="host", fault_id__isnull=False)


def _of_resource(word: str) -> Q:
    return Q(category__in=[one for one in EventCategory if resource_type(one) == word]) & ~Q(object_type="vnf")


ATTRIBUTES: Mapping[str, _Maker] = {
    "id": _column("id", _uuid),
    "managedObjectId": _column("object_id", operators=_TEXT),
    "faultType": _column("problem", operators=_TEXT),
    "probableCause": _column("probable_cause", operators=_TEXT),
    "alarmRaisedTime": _column("raised_at", _moment, operators=_ORDER),
    "alarmChangedTime": _column("changed_at", _moment, operators=_ORDER),
    "alarmClearedTime": _column("cleared_at", _moment, operators=_ORDER),
    "alarmAcknowledgedTime": _column("acked_at", _moment, operators=_ORDER),
    "eventTime": _column("event_time", _moment, operators=_ORDER),
    "ackState": _words({ACKNOWLEDGED: Q(acked_at__isnull=False), UNACKNOWLEDGED: Q(acked_at__isnull=True)}),
    "perceivedSeverity": _words(
        {word.value: _OVER if word is Severity.CLEARED else _OPEN & Q(severity=word.value) for word in Severity}
    ),
    "eventType": _words({word.value: Q(category=word.value) for word in EventCategory}),
    "isRootCause": _words({"true": _ROOT, "false": ~_ROOT}),
    "rootCauseFaultyResource/faultyResourceType": _words(
        {word: _of_resource(word) for word in (COMPUTE, STORAGE, NETWORK)}
    ),
    "rootCauseFaultyResource/faultyResource/vimConnectionId": _column("vim_id", operators=_TEXT),
}
"""What may be filtered by."""
