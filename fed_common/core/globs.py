"""Globs over event types, as fnmatch reads them, with the case of letters. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from fnmatch import translate
from functools import lru_cache

from fed_common.core import plain

LONGEST = 255
ALLOWED = f"1 to {LONGEST} characters without blanks; *, ?, [abc], [a-z], [!abc] stand for others"
_MAGIC = frozenset("*?[")


def parse_glob(field: str, glob: object) -> str:
    """The glob. Raises Invalid for one that could match no event type."""
    if not isinstance(glob, str) or not 0 < len(glob) <= LONGEST:
        raise plain.refused(field, glob, ALLOWED)
    if any(one.isspace() or not one.isprintable() for one in glob):
        raise plain.refused(field, glob, ALLOWED)
    for inside in _classes(glob):
        if inside is None:
            raise plain.refused(field, glob, "a [ that is closed by a ], with something between them")
        if _is_reversed(inside):
            raise plain.refused(field, glob, "ranges whose first character comes first, as in [a-z]")
    matcher(glob)  # compiled at the door: no event shall find out that it cannot be
    return glob


def is_exact(glob: str) -> bool:
    """Whether it matches nothing but itself."""
    return _MAGIC.isdisjoint(glob)


@lru_cache(maxsize=4096)
def matcher(glob: str) -> Callable[[str], object]:
    """Tells whether an event type matches; compiled once."""
    return re.compile(translate(glob)).match


def _classes(glob: str) -> Iterator[str | None]:
    """What is inside each pair of brackets; None for a pair that is not closed."""
    at = glob.find("[")
    while at >= 0:
        begin = at + 1 + glob.startswith("!", at + 1)
        end = glob.find("]", begin + 1)  # a ] right at the beginning stands for itself
        if end < 0:
            yield None
            return
        yield glob[begin:end]
        at = glob.find("[", end)


def _is_reversed(inside: str) -> bool:
    at = inside.find("-", 1)
    while 0 < at < len(inside) - 1:
        if inside[at - 1] > inside[at + 1]:
            return True
        at = inside.find("-", at + 3)
    return False
