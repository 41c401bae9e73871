"""How large a VM is to be, out of a descriptor's words (tosca.capabilities.Compute). Pure.

``num_cpus`` is a count; ``mem_size`` and ``disk_size`` are a number and a unit. As clouds count, 1 GB is 1024 MB;
without a unit memory is MB and a disk GB.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import ceil
from typing import NamedTuple

from fed_common.core.errors import Invalid

_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([kmgt]?i?b)?\s*", re.IGNORECASE)
_POWERS = {"b": 0, "k": 1, "m": 2, "g": 3, "t": 4}
_MB, _GB = 2**20, 2**30


class Sizes(NamedTuple):
    """What is asked for; 0: nothing is said of it."""

    vcpus: int = 0
    memory_mb: int = 0
    disk_gb: int = 0

    def __str__(self) -> str:
        return f"{self.vcpus} vCPU, {self.memory_mb} MB, {self.disk_gb} GB of disk"


def sizes(properties: Mapping[str, str]) -> Sizes:
    """The sizes there are, rounded up. Raises Invalid naming the property that cannot be read."""
    return Sizes(
        _count(properties, "num_cpus"),
        _size(properties, "mem_size", _MB),
        _size(properties, "disk_size", _GB),
    )


def _count(properties: Mapping[str, str], name: str) -> int:
    told = str(properties.get(name, "0")).strip()
    if not re.fullmatch("[0-9]{1,6}", told):
        raise Invalid(f"properties.{name}", told, "a whole number")
    return int(told)


def _size(properties: Mapping[str, str], name: str, default: int) -> int:
    """In units of ``default`` bytes."""
    told = str(properties.get(name, "0"))
    found = _SIZE.fullmatch(told)
    if not found:
        raise Invalid(f"properties.{name}", told, "a number and a unit, as 512 MB")
    unit = 1024 ** _POWERS[found[2][0].lower()] if found[2] else default
    return ceil(float(found[1]) * unit / default)
