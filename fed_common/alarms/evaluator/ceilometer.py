"""Ceilometer's events, as its notifier publisher sends them to ``alarm.all``, read as ours. Pure.

Source: ceilometer/event/models.py, ``Event.serialize``: ``traits`` is a list of [name, type, value], where the
type is 1 text, 2 integer, 3 float, 4 datetime. A payload is one event or a list of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from fed_common.core import clock
from fed_common.core.kinds import Kind, Origin, Phase
from fed_common.core.model import Event

LONGEST_ID = 100
_NUMBERS = {2: int, 3: float}


def events_of(notification: Mapping[str, Any], received_at: datetime) -> Iterator[Event | str]:
    """Each event of a notification, or why it is none. Never raises."""
    payload = notification.get("payload")
    for plain in payload if isinstance(payload, list) else [payload]:
        try:
            yield _event(plain, received_at)
        except (TypeError, ValueError, OverflowError) as error:
            yield str(error)


def _event(plain: Any, received_at: datetime) -> Event:
    """Raises ValueError and TypeError saying what is wrong."""
    if not isinstance(plain, Mapping):
        raise TypeError("an event is not an object")
    id, type = (_word(plain, name) for name in ("message_id", "event_type"))
    if len(id) > LONGEST_ID:
        raise ValueError(f"message_id is longer than {LONGEST_ID} characters")
    traits = dict(_trait(one) for one in plain.get("traits") or [])
    text = {name: value for name, value in traits.items() if isinstance(value, str)}
    return Event(
        id=id,
        type=type,
        vim_id=text.get("vim_id", ""),
        instance_id=text.get("instance_id", ""),
        kind=_one_of(Kind, text.get("kind"), Kind.OTHER),
        phase=_one_of(Phase, text.get("phase") or type.rpartition(".")[2], Phase.MOMENT),
        state=text.get("state", ""),
        old_state=text.get("old_state", ""),
        state_description=text.get("state_description", ""),
        occurred_at=clock.parse(plain.get("generated")) or received_at,
        received_at=received_at,
        instance_name=text.get("display_name", ""),
        host=text.get("host", ""),
        tenant_id=next(
            (value for name, value in reversed(text.items()) if name in ("project_id", "tenant_id")), ""
        ),
        wire="ceilometer",
        origin=Origin.PUSH,
        traits=traits,
    )


def _word(plain: Mapping[str, Any], name: str) -> str:
    value = plain.get(name)
    if not isinstance(value, str) or not value:
        raise ValueError(f"an event has no {name}")
    return value


def _trait(trait: Any) -> tuple[str, Any]:
    name, kind, value = trait
    if not isinstance(name, str):
        raise TypeError("the name of a trait is not a text")
    return name, value if value is None else _NUMBERS.get(kind, lambda same: same)(value)


def _one_of(words: Any, word: str | None, otherwise: Any) -> Any:
    return words(word) if word in list(words) else otherwise
