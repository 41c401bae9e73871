"""How a receiver knows that a POST is ours: HMAC-SHA256 over the time and the body; docs/specs/notify.md."""

from __future__ import annotations

import hmac

SIGNATURE = "X-Multicloud-Signature"


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """The value of the signature's header for a body sent at this time (Unix seconds, as text)."""
    return f"sha256={hmac.digest(secret.encode(), timestamp.encode() + b'.' + body, 'sha256').hex()}"
