"""The fields of rules and of their history that may be asked for, and how values of them are read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from fed_common.core import clock
from fed_common.core.errors import Invalid

Reader = Callable[[str, object], Any]

TRUE, FALSE = ("true", "1", "t", "yes", "y", "on"), ("false", "0", "f", "no", "n", "off")


@dataclass(frozen=True, slots=True)
class Column:
    """Where a field is stored. ``read``: a value of it out of JSON; raises Invalid naming the field."""

    name: str
    read: Reader


def read_text(field: str, value: object) -> str:
    """A text; of a number, what it is written like, because Aodh's client takes digits for a number."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, str | int | float) or not _storable(str(value)):
        raise Invalid(field, value, "a text")
    return str(value)


def read_truth(field: str, value: object) -> bool:
    """A truth, or a word for it."""
    word = str(value).lower()
    if word not in TRUE + FALSE:
        raise Invalid(field, value, "true, false")
    return word in TRUE


def read_time(field: str, value: object) -> datetime:
    """A moment; without a zone it is UTC."""
    moment = clock.parse(value)
    if moment is None:
        raise Invalid(field, value, "a time in ISO 8601")
    return moment


def read_uuid(field: str, value: object) -> UUID:
    """An id."""
    try:
        return UUID(str(value))
    except ValueError:
        raise Invalid(field, value, "a UUID") from None


def _storable(text: str) -> bool:
    """Whether databases take it: JSON in a text may hold what the body itself may not."""
    return "\0" not in text and text.encode(errors="ignore").decode() == text


def _columns(reader: Reader, *names: str) -> dict[str, Column]:
    return {name: Column(name, reader) for name in names}


_OWNERS = {"user": Column("user_id", read_text), "project": Column("project_id", read_text)}
ALARM_FIELDS: Mapping[str, Column] = {
    "alarm_id": Column("id", read_uuid),
    **_columns(read_text, "name", "description", "type", "severity", "state", "state_reason"),
    **_columns(read_text, "user_id", "project_id"),
    **_columns(read_truth, "enabled", "repeat_actions"),
    **_columns(read_time, "timestamp", "state_timestamp", "evaluate_timestamp"),
    **_OWNERS,
}
HISTORY_FIELDS: Mapping[str, Column] = {
    "event_id": Column("id", read_uuid),
    "alarm_id": Column("rule_id", read_uuid),
    **_columns(read_text, "type", "user_id", "project_id", "on_behalf_of", "severity"),
    **_columns(read_time, "timestamp"),
    **_OWNERS,
}
