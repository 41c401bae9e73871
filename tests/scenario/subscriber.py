"""A subscriber of the gateway's own topics: what a consumer hears, in its order."""

from __future__ import annotations

import json
from typing import Any

from tests.processes import Deployment
from tests.waiting import until

TOPIC = "unauthenticated.MULTICLOUD_VM_EVENTS"


class Subscriber:
    """Long-polls the Message Router face when asked what it heard."""

    def __init__(self, deployment: Deployment, topic: str = TOPIC) -> None:
        self._session = deployment.session
        self._url = f"{deployment.url}/events/{topic}/noc/1"
        self.events: list[dict[str, Any]] = []
        deployment.subscribe("noc", {"publisher": "embedded", "topic": topic})
        self.listen(0)

    def listen(self, seconds: float = 1.0) -> None:
        """Take what there is, or what comes within that time."""
        answer = self._session.get(self._url, params={"timeout": int(seconds * 1000)}, timeout=30)
        assert answer.ok, answer.text
        self.events += [json.loads(one) for one in answer.json()]

    def ended(self, vim_id: str, name: str = "", word: str = "kind") -> list[str]:
        """The kinds (or event_type) of what was completed in that VIM, or of one VM or host there, in order."""
        return [
            told[word]
            for event in self.events
            if (told := event["multicloud"])["vim_id"] == vim_id
            and told["phase"] in ("end", "moment")
            and name in ("", event.get("display_name"), event.get("host"))
        ]

    def hears(self, kind: str, vim_id: str, name: str, times: int = 1, within: float = 180.0) -> None:
        """Wait until that was told of a VM or host so many times."""
        until(lambda: self._heard(kind, vim_id, name) >= times, within=within, every=0)

    def _heard(self, kind: str, vim_id: str, name: str) -> int:
        self.listen(8)  # empty polls are counted: waiting long is the polite way
        return self.ended(vim_id, name).count(kind)
