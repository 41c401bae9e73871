"""What is thought of a target after each check, by rules that have names. Pure.

==============  ==========================================================================================
first_check     a PENDING target answered: it is UP; or it failed ``fall`` times in a row: it is DOWN
fall            ``fall`` checks in a row failed: it is DOWN
rise            ``rise`` checks in a row were answered: it is UP
flapping        its results began to change all the time; its health stays what it is
steady          they ceased to
boot            a failure before ``not_before``: it is none
monitor_error   the monitor could not ask: that says nothing of the target
==============  ==========================================================================================

The first five decide and are told as a Flip; the last two only set a result aside. Whatever changes while a
target flaps is told as always, but marked, and nothing is done about it. A target that ended up DOWN is told
once more by ``steady``, not marked: then what its policy says is done, if it was not before.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from fed_common.core.flapping import Flapping
from fed_common.core.health import Flip, Health, Outcome, Target, Verdict


class Rule(StrEnum):
    """The rules of the judgement, by which health changes or a result is set aside."""

    FIRST_CHECK = "first_check"
    FALL = "fall"
    RISE = "rise"
    FLAPPING = "flapping"
    STEADY = "steady"
    BOOT = "boot"
    MONITOR_ERROR = "monitor_error"


_LAST = {Health.UP: True, Health.DOWN: False}


class Judge:
    """One target's. Not for several threads.

    ``health``     what is thought of it now.
    ``soft``       how many results in a row spoke against that.
    ``errors``     how many checks in a row could not be made.
    ``set_aside``  the rule by which the last result does not count; ``None``: it counts.
    """

    __slots__ = ("_flapping", "_target", "errors", "health", "set_aside", "soft")

    def __init__(self, target: Target) -> None:
        """Begins with the health the conductor knows, without any history."""
        self._target = target
        self.health = target.health
        self.soft = self.errors = 0
        self.set_aside: Rule | None = None
        self._flapping = Flapping(_LAST.get(target.health), active=target.flapping)

    @property
    def flapping(self) -> bool:
        """Whether its results change all the time."""
        return self._flapping.active

    def follow(self, target: Target) -> None:
        """Its row was read again: other counts and delays hold; a health somebody else decided is taken over."""
        if target.health is not self._target.health and target.health is not self.health:
            self.health, self.soft = target.health, 0
        self._target = target

    def hear(self, outcome: Outcome, *, wall: datetime) -> Flip | None:
        """Judge one result; what there is to tell. ``wall``: the time of day."""
        self.set_aside = self._reason_to_set_aside(outcome.verdict, wall)
        self.errors = self.errors + 1 if outcome.verdict is Verdict.ERROR else 0
        if self.set_aside:
            return None
        up = outcome.verdict is Verdict.UP
        turned = self._flapping.note(up)
        rule = self._decide(Health.UP if up else Health.DOWN)
        if rule is None and turned:
            rule = Rule.FLAPPING if self.flapping else Rule.STEADY
        return Flip(self.health, rule, outcome.reason, self.flapping) if rule else None

    def _reason_to_set_aside(self, verdict: Verdict, wall: datetime) -> Rule | None:
        if verdict is Verdict.UP:
            return None
        if verdict is Verdict.ERROR:
            return Rule.MONITOR_ERROR
        boots_until = self._target.not_before
        return Rule.BOOT if boots_until is not None and wall < boots_until else None

    def _decide(self, seen: Health) -> Rule | None:
        """The rule by which the health becomes what was seen; ``None``: it stays."""
        if seen is self.health:
            self.soft = 0
            return None
        pending = self.health is Health.PENDING
        if pending and seen is Health.UP:
            needed = 1
        else:
            needed = self._target.rise if seen is Health.UP else self._target.fall
        self.soft += 1
        if self.soft < needed:
            return None
        self.health, self.soft = seen, 0
        if pending:
            return Rule.FIRST_CHECK
        return Rule.RISE if seen is Health.UP else Rule.FALL
