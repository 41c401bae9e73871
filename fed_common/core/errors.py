"""Every error the house raises on purpose.

GatewayError
├── Invalid       the caller's input is wrong             -> 400
├── NotFound      the named thing is not there            -> 404
├── Conflict      the named thing is there already        -> 409
├── Retryable     the far side cannot take it now         -> try again, nothing is lost
└── Permanent     the far side will never take it         -> dead event, the rest flows on
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any


class GatewayError(Exception):
    """Root of the tree. ``str(error)`` is safe to show: it never holds a secret."""


class Invalid(GatewayError):
    """Input that cannot be accepted, naming the field, the value and what is allowed."""

    def __init__(self, field: str, value: object, allowed: Iterable[str] | str) -> None:
        self.field = field
        self.value = value
        self.allowed = allowed if isinstance(allowed, str) else ", ".join(allowed)
        super().__init__(f"{field}: {value!r} is not allowed; allowed: {self.allowed}")


class NotFound(GatewayError):
    """A named thing that does not exist."""

    def __init__(self, what: str, name: str) -> None:
        self.what, self.name = what, name
        super().__init__(f"there is no {what} {name!r}")


class Conflict(GatewayError):
    """A name that is taken already."""

    def __init__(self, what: str, name: str) -> None:
        self.what, self.name = what, name
        super().__init__(f"{what} {name!r} exists already")


class Retryable(GatewayError):
    """The far side cannot accept now: publish again later.

    ``retry_after`` is the far side's own wish in seconds. ``unsent`` holds what is certainly not
    accepted yet; ``None`` means unknown, so everything has to be sent again.
    """

    def __init__(
        self,
        reason: str,
        *,
        retry_after: float | None = None,
        unsent: Sequence[Any] | None = None,
    ) -> None:
        self.reason, self.retry_after, self.unsent = reason, retry_after, unsent
        super().__init__(reason)


class Permanent(GatewayError):
    """The far side will never accept this, however often it is tried."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)
