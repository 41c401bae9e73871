"""The guest watchdog that an image or a flavor asks for. Pure.

Source: nova/virt/hardware.py (``get_watchdog_action``), nova/objects/image_meta.py.
"""

from __future__ import annotations

from fed_common.core.watchdog import OFF

_IMAGE = ("hw_watchdog_action", "image_hw_watchdog_action")
_FLAVOR = ("hw:watchdog_action",)


def watchdog_action(image: object, specs: object) -> str:
    """The action that is asked for, ``disabled`` when none is, empty when that is not known; the image wins.

    ``image`` are the image's properties, ``specs`` the flavor's extra specs; what is no object is not known.
    """
    said = _word(image, _IMAGE) or _word(specs, _FLAVOR)
    if said:
        return said
    return OFF if isinstance(image, dict) and isinstance(specs, dict) else ""


def _word(words: object, names: tuple[str, ...]) -> str:
    if not isinstance(words, dict):
        return ""
    return next((said.strip().lower() for name in names if isinstance(said := words.get(name), str)), "")
