"""The application for tests that need a server of their own."""

from __future__ import annotations

from fed_common.asgi import application

__all__ = ["application"]
