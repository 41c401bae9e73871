"""The mark by which a flavor, an image or a server says that nobody is to be told about it. Pure."""

from __future__ import annotations

from fed_common.core.matching import OPT_OUT

_NAMES = frozenset(
    prefix + name for name in (OPT_OUT, OPT_OUT.replace(":", "_")) for prefix in ("", "image_")
)  # not every tool lets a colon into a property's name, and Nova keeps an image's properties with a prefix


def opts_out(words: object) -> bool:
    """Whether image properties, metadata or extra specs say so."""
    if not isinstance(words, dict) or _NAMES.isdisjoint(words):
        return False
    return any(isinstance(said := words.get(name), str) and said.strip().lower() == "disabled" for name in _NAMES)
