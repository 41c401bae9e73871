"""Message Router's api-key signature."""

from __future__ import annotations

import base64
import hmac
from dataclasses import dataclass, field

from requests import PreparedRequest
from requests.auth import AuthBase

from fed_common.core import clock


@dataclass(frozen=True)
class CambriaAuth(AuthBase):
    """Signs the date, and nothing else, with HMAC-SHA1, as the server demands it."""

    api_key: str
    secret: str = field(repr=False)

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Add the two headers, with the time of this very request."""
        date = clock.now().isoformat(timespec="seconds")
        digest = hmac.digest(self.secret.encode(), date.encode(), "sha1")
        request.headers["X-CambriaDate"] = date
        request.headers["X-CambriaAuth"] = f"{self.api_key}:{base64.b64encode(digest).decode()}"
        return request
