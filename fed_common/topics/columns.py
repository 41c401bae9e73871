"""What the rows of several rooms have in common."""

from __future__ import annotations

from typing import Any

from django.db import models


def choices(words: Any) -> list[tuple[str, str]]:
    """The choices of a column out of an enumeration of ``core``."""
    return [(word.value, word.value) for word in words]


class ChangeNumber(models.Model):
    """One row that numbers changes, in the order they are committed."""

    number = models.BigIntegerField(default=0)

    class Meta:
        """Each room has its own."""

        abstract = True

    @classmethod
    def next(cls) -> int:
        """The next number. Call it in the transaction of the change: it holds the row until that ends."""
        rows = cls._default_manager
        if not rows.filter(pk=1).update(number=models.F("number") + 1):
            rows.get_or_create(pk=1)
            rows.filter(pk=1).update(number=models.F("number") + 1)
        return int(rows.values_list("number", flat=True).get(pk=1))
