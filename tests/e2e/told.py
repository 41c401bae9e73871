"""Events put into a gateway's store, as its own sink does it; and the page that shows them."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.processes import ROOT, Deployment

STORE = """
import json, sys
from fed_common.core.model import Event
from fed_common.events.store import EventStore
from fed_common.interfaces.publisher import Message
events = [Event.from_dict(one) for one in json.loads(sys.stdin.read())]
messages = [Message("", event.key, b"", event) for event in events]
EventStore(EventStore.Config()).publish(messages, timeout=60)
"""
_numbers = itertools.count(1)


def event(**changed: Any) -> dict[str, Any]:
    """One event with an id of its own."""
    return {
        "id": f"event-{next(_numbers)}",
        "type": "compute.instance.pause.end",
        "vim_id": "vio_RegionOne",
        "instance_id": "a7f85fb2-7d33-4628-b042-880ae0cba831",
        "instance_name": "web-1",
        "kind": "PAUSE",
        "phase": "end",
        "old_state": "active",
        "state": "paused",
        "host": "compute-2",
        "origin": "push",
        "occurred_at": "2026-11-21T01:37:19.486000+00:00",
        "received_at": "2026-11-21T01:37:19.491000+00:00",
        **changed,
    }


def store(gateway: Deployment, *events: dict[str, Any]) -> None:
    """Put events into the store."""
    command = [sys.executable, "manage.py", "shell", "-v0", "-c", STORE]
    told = json.dumps(events)
    subprocess.run(command, env=gateway.env, cwd=ROOT, input=told, text=True, check=True, timeout=120)


class Watched:
    """The live page as a person sees it."""

    def __init__(self, page: Page, gateway: Deployment) -> None:
        self.page, self.gateway = page, gateway

    def open(self, path: str = "/") -> None:
        """Go there with the token, and wait until it is live."""
        token = self.gateway.session.headers["X-Auth-Token"]
        self.page.goto(f"{self.gateway.url}/?token={token}")
        if path != "/":
            self.page.goto(self.gateway.url + path)
        self.is_live()

    def is_live(self) -> None:
        """The page says that it is connected."""
        expect(self.page.locator("#connection")).to_have_text("live")

    def rows(self, text: str = "") -> Locator:
        """The rows that show this text."""
        return self.page.locator("#events tr", has_text=text)

    def cells(self, text: str) -> list[str]:
        """What the first row with this text shows; waits for it."""
        expect(self.rows(text).first).to_be_visible()
        return self.rows(text).first.locator("td").all_inner_texts()
