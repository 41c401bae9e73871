"""Lists in an order, a page at a time: what comes after the marker is found by its values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar, cast

from django.db.models import Case, IntegerField, Model, Q, QuerySet, Value, When

from fed_common.alarms.aodh.columns import Column, read_uuid
from fed_common.core.alarm import RuleSeverity
from fed_common.core.errors import Invalid

M = TypeVar("M", bound=Model)
Order = Sequence[tuple[str, bool]]

DIRECTIONS = ("asc", "desc")
NEWEST_FIRST = (("timestamp", True),)
_RANK = Case(
    *(When(severity=word, then=Value(place)) for place, word in enumerate(RuleSeverity)),
    default=Value(-1),
    output_field=IntegerField(),
)


def direction(parameter: str, word: object) -> bool:
    """Whether it goes backwards. Raises Invalid."""
    if not isinstance(word, str) or word.lower() not in DIRECTIONS:
        raise Invalid(parameter, word, DIRECTIONS)
    return word.lower() == "desc"


def sort_order(asked: Sequence[str], fields: Mapping[str, Column], sortable: Sequence[str]) -> Order:
    """Columns, and whether backwards, of ``key`` and ``key:direction``. Raises Invalid."""
    if len(asked) > len(sortable):
        raise Invalid("sort", f"{len(asked)} keys", f"at most {len(sortable)}")
    order = []
    for text in asked:
        key, colon, word = text.partition(":")
        if key not in sortable:
            raise Invalid("sort", text, f"key or key:direction, keys: {', '.join(sortable)}")
        order.append((fields[key].name, direction("sort", word if colon else "asc")))
    return order or NEWEST_FIRST


def page(rows: QuerySet[M], order: Order, *, limit: int | None, marker: str = "") -> QuerySet[M]:
    """The rows in that order, those after the marker's, at most ``limit``. Raises Invalid: none has the marker."""
    keys = _keys(order)
    ranked = cast("QuerySet[M]", rows.annotate(rank=_RANK))
    found = ranked.order_by(*(f"-{key}" if backwards else key for key, backwards in keys))
    if marker:
        place = ranked.filter(pk=read_uuid("marker", marker)).values(*(key for key, _ in keys)).first()
        if place is None:
            raise Invalid("marker", marker, "the id of one that is in the list")
        found = found.filter(_after(place, keys))
    return found if limit is None else found[:limit]


def _keys(order: Order) -> list[tuple[str, bool]]:
    """The severity sorts by what it means; the id decides between equals, so that a page ends at one place."""
    keys = [("rank" if name == "severity" else name, backwards) for name, backwards in order]
    return [*keys, ("id", False)]


def _after(place: Mapping[str, Any], keys: Order) -> Q:
    """Begins with a plain bound, which an index can be read from."""
    key, backwards = keys[0]
    beyond = "lt" if backwards else "gt"
    if len(keys) == 1:
        return Q(**{f"{key}__{beyond}": place[key]})
    bound, further = Q(**{f"{key}__{beyond}e": place[key]}), Q(**{f"{key}__{beyond}": place[key]})
    return bound & (further | _after(place, keys[1:]))
