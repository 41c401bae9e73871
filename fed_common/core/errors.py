"""Every error the house raises on purpose.

GatewayError
├── Invalid       the caller's input is wrong             -> 400
├── NotFound      the named thing is not there            -> 404
├── Conflict      the named thing is in the way as it is  -> 409
├── Retryable     the far side cannot take it now         -> try again, nothing is lost
├── Permanent     the far side will never take it         -> dead event, the rest flows on
├── Unsupported   this type of cloud cannot do that       -> 501
└── CloudFailed   a cloud did not do what it was asked    -> 502, naming the VIM
    ├── CloudTimeout   it did not answer in time          -> 504
    └── CloudShut      it failed so often that it is left alone for a while -> 503
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
    """A name that is taken already, or a thing that is not in a state for what was asked."""

    def __init__(self, what: str, name: str, reason: str = "exists already") -> None:
        self.what, self.name = what, name
        super().__init__(f"{what} {name!r} {reason}")


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


class Unsupported(GatewayError):
    """A verb that this type of cloud has not."""

    def __init__(self, plugin: str, verb: str) -> None:
        self.plugin, self.verb = plugin, verb
        super().__init__(f"clouds of type {plugin} cannot {verb}")


class CloudFailed(GatewayError):
    """A cloud refused, failed or could not be reached; ``reason`` holds no secret and names no library."""

    def __init__(self, vim_id: str, reason: str) -> None:
        self.vim_id, self.reason = vim_id, reason
        super().__init__(f"{vim_id}: {reason}")


class CloudTimeout(CloudFailed):
    """A cloud did not answer within the time it was given."""


class CloudShut(CloudFailed):
    """Not asked at all: the cloud failed several times in a row. ``retry_after`` is in seconds."""

    def __init__(self, vim_id: str, reason: str, *, retry_after: float) -> None:
        self.retry_after = retry_after
        super().__init__(vim_id, reason)
