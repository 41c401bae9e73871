"""The words callers ask for states by: the spec's, our kinds, Nova's statuses and states, in one table. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from fed_common.core.errors import Invalid
from fed_common.core.instances import Instance


@dataclass(frozen=True, slots=True)
class StateWord:
    """What a word lets pass: instances in one of these states, or with a task that begins so."""

    states: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()

    def matches(self, one: Instance) -> bool:
        """Whether the instance is what the word says."""
        return one.state in self.states or bool(self.tasks and one.state_description.startswith(self.tasks))


def _in(*states: str) -> StateWord:
    return StateWord(states)


def _doing(*tasks: str) -> StateWord:
    return StateWord(tasks=tasks)


_ACTIVE, _DELETED, _PAUSED, _STOPPED = _in("active"), _in("deleted"), _in("paused"), _in("stopped")
_BUILDING, _ERROR, _RESCUED, _RESIZED = _in("building"), _in("error"), _in("rescued"), _in("resized")
_SOFT, _SUSPENDED, _UNKNOWN = _in("soft-delete"), _in("suspended"), _in("unknown")
_REBUILDING, _REBOOTING = _doing("rebuild"), _doing("reboot")
_MIGRATING = _doing("migrating", "resize_migrat")
STATE_WORDS: Mapping[str, StateWord] = {
    "DELETE": _DELETED,
    "PAUSE": _PAUSED,
    "POWER_OFF": _STOPPED,
    "REBUILD": _REBUILDING,
    "SHUT_DOWN": StateWord(("stopped",), ("deleting",)),
    "SOFT_DELETE": _SOFT,
    "CREATE": _BUILDING,
    "ERROR": _ERROR,
    "LIVE_MIGRATE": _doing("migrating"),
    "MIGRATE": _MIGRATING,
    "POWER_ON": _ACTIVE,
    "REBOOT": _REBOOTING,
    "RESCUE": _RESCUED,
    "RESIZE": StateWord(("resized",), ("resize_",)),
    "RESTORE": _ACTIVE,
    "RESUME": _ACTIVE,
    "SHELVE": _in("shelved", "shelved_offloaded"),
    "SNAPSHOT": _doing("image_"),
    "SUSPEND": _SUSPENDED,
    "UNPAUSE": _ACTIVE,
    "UNRESCUE": _ACTIVE,
    "UNSHELVE": _ACTIVE,
    "ACTIVE": _ACTIVE,
    "BUILD": _BUILDING,
    "BUILDING": _BUILDING,
    "DELETED": _DELETED,
    "HARD_REBOOT": _doing("rebooting_hard", "reboot_pending_hard", "reboot_started_hard"),
    "MIGRATING": _MIGRATING,
    "PASSWORD": _doing("updating_password"),
    "PAUSED": _PAUSED,
    "RESCUED": _RESCUED,
    "RESIZED": _RESIZED,
    "REVERT_RESIZE": _doing("resize_reverting"),
    "SHELVED": _in("shelved"),
    "SHELVED_OFFLOADED": _in("shelved_offloaded"),
    "SHUTOFF": _STOPPED,
    "SOFT_DELETED": _SOFT,
    "STOPPED": _STOPPED,
    "SUSPENDED": _SUSPENDED,
    "UNKNOWN": _UNKNOWN,
    "VERIFY_RESIZE": _RESIZED,
}


def read_state_words(words: object) -> tuple[StateWord, ...]:
    """What a list of words lets pass; nothing asked is an empty one. Raises Invalid listing every word.

    Upper and lower case, ``-`` and ``_`` are the same.
    """
    if not isinstance(words, list | tuple):
        raise Invalid("states", words, "a list of texts")
    return tuple(_word(f"states[{place}]", word) for place, word in enumerate(words))


def any_matches(words: Iterable[StateWord], one: Instance) -> bool:
    """Whether one of the words lets the instance pass; without words, everything passes."""
    asked = tuple(words)
    return not asked or any(word.matches(one) for word in asked)


def _word(field: str, word: object) -> StateWord:
    found = STATE_WORDS.get(word.strip().upper().replace("-", "_")) if isinstance(word, str) else None
    if found is None:
        raise Invalid(field, word, STATE_WORDS)
    return found
