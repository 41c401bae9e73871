"""What a look at a cloud and what is remembered of it say together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from fed_common.core import clock
from fed_common.core.differences import DELETED, UNKNOWN, Known
from fed_common.core.instances import Instance, Sweep
from fed_common.core.model import VimId
from fed_common.core.state_words import StateWord, any_matches
from fed_common.events.models import PollState
from fed_common.inventory.known import known_of
from fed_common.inventory.models import Instance as Row


@dataclass(frozen=True, slots=True)
class Seen:
    """One instance as it is now, and since when it is in its state."""

    instance: Instance
    changed_at: datetime

    def shown(self) -> dict[str, Any]:
        """As callers see it."""
        one = self.instance
        return {
            "id": one.id,
            "name": one.name,
            "state": one.state,
            "state_description": one.state_description,
            "launched_at": one.launched_at,
            "state_changed_at": clock.iso(self.changed_at),
            "host": one.host,
            "tenant_id": one.tenant_id,
        }

    def shown_of_old(self) -> dict[str, Any]:
        """As ``events_check`` showed it."""
        one = self.instance
        return {
            "name": one.name,
            "state": one.state,
            "power_state": one.power_state,
            "launched_at": one.launched_at,
            "id": one.id,
            "host": one.host,
            "availability_zone": one.availability_zone,
            "tenant_id": one.tenant_id,
        }


def remembered(vim_id: VimId) -> dict[str, Known]:
    """What is known of the VIM's instances. Blocks."""
    return {row.instance_id: known_of(row) for row in Row.objects.filter(vim__full_id=str(vim_id)).iterator()}


def recalled(known: Iterable[Known]) -> list[Seen]:
    """What is known alone: of a VIM that only pushes."""
    return [Seen(one.instance, one.changed_at) for one in known]


def seen_now(known: dict[str, Known], sweep: Sweep) -> list[Seen]:
    """What the look shows, and the deleted that are remembered, also those nobody told of yet."""
    living = [_living(one, known.get(one.id), sweep) for one in sweep.instances if one.id not in sweep.gone]
    return [*living, *_gone(known, {one.instance.id for one in living}, sweep)]


def is_news(known: dict[str, Known], seen: Sequence[Seen]) -> bool:
    """Whether something is not as it was known."""
    return any(one.instance.id not in known or known[one.instance.id].instance != one.instance for one in seen)


def matching(seen: Iterable[Seen], words: Sequence[StateWord], instance_id: str) -> list[Seen]:
    """Those that are asked for, by id."""
    asked = [one for one in seen if instance_id in ("", one.instance.id) and any_matches(words, one.instance)]
    return sorted(asked, key=lambda one: one.instance.id)


def have_looked_at(vim_id: VimId) -> None:
    """Ask the VIM's poller to look now, so that what was seen is told. Blocks."""
    PollState.objects.filter(vim__full_id=str(vim_id)).update(asked_at=clock.now())


def _living(one: Instance, known: Known | None, sweep: Sweep) -> Seen:
    if known and (one.state == UNKNOWN or one.state == known.instance.state):
        return Seen(known.instance if one.state == UNKNOWN else one, known.changed_at)
    return Seen(one, one.changed_at or sweep.taken_at)


def _gone(known: dict[str, Known], living: set[str], sweep: Sweep) -> Iterator[Seen]:
    for id in known.keys() - living:
        one = known[id]
        if one.instance.state == DELETED:
            yield Seen(one.instance, one.changed_at)
        elif sweep.complete or id in sweep.gone:
            last = replace(one.instance, state=DELETED, state_description="", power_state="")
            yield Seen(last, sweep.taken_at)
        else:
            yield Seen(one.instance, one.changed_at)
