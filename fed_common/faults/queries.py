"""What is asked of host faults by those who evaluate events."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID


def open_faults(vim_id: str, hosts: Collection[str]) -> dict[str, UUID]:
    """Host -> its fault, of those that have an open one which is acted on. Raises Retryable."""
    raise NotImplementedError


def told_in_error(vim_id: str, instance_ids: Collection[str]) -> dict[str, UUID]:
    """Instance -> the open fault that has told already that it is in error. Raises Retryable."""
    raise NotImplementedError
