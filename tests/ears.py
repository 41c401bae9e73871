"""Whoever listens to a source in a test."""

from __future__ import annotations

from collections.abc import Sequence

from fed_common.interfaces.source import Reading


class Attentive:
    """Keeps what it is told: all it hears."""

    def __init__(self) -> None:
        self.told: list[Reading] = []

    def hear(self, readings: Sequence[Reading]) -> Sequence[Reading]:
        """See Listener."""
        return readings

    def tell(self, heard: Sequence[Reading]) -> bool:
        """See Listener."""
        self.told.extend(heard)
        return True
