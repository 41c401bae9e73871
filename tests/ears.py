"""Whoever listens to a source in a test."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from fed_common.interfaces.source import Reading


class Attentive:
    """Hears and keeps everything; what was told is ``told`` once ``open`` is set, and until then nothing."""

    def __init__(self) -> None:
        self.heard: list[Reading] = []
        self.told: list[Reading] = []
        self.open = threading.Event()
        self.open.set()

    def hear(self, readings: Sequence[Reading]) -> Sequence[Reading]:
        """See Listener."""
        self.heard.extend(readings)
        return readings

    def tell(self, heard: Sequence[Reading]) -> bool:
        """See Listener."""
        self.open.wait()
        self.told.extend(heard)
        return True
