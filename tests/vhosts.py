"""Virtual hosts of RabbitMQ: whoever uses exchange ``tacker`` has one to itself."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import requests


class VirtualHost:
    """A virtual host on a running RabbitMQ; ``url`` is oslo's."""

    def __init__(self, rabbitmq_url: str) -> None:
        parts = urlsplit(rabbitmq_url)
        self.name = f"test-{uuid.uuid4().hex[:8]}"
        self.url = f"{rabbitmq_url}{self.name}"
        self._login = (parts.username or "", parts.password or "")

    def make(self) -> None:
        """Whoever makes one may use it."""
        self._ask("PUT", f"vhosts/{self.name}")

    def remove(self) -> None:
        """With all that is in it; who is connected is thrown out."""
        self._ask("DELETE", f"vhosts/{self.name}")

    def queues(self) -> set[str]:
        """The names of its queues."""
        return {queue["name"] for queue in self.told("queues")}

    def told(self, what: str) -> list[dict[str, Any]]:
        """What the management says of its queues, exchanges or connections."""
        rows: list[dict[str, Any]] = self._ask("GET", f"{what}/{self.name}").json()
        return rows

    def _ask(self, method: str, path: str) -> requests.Response:
        address = f"http://127.0.0.1:{os.environ.get('RMQ_MGMT_PORT', '28673')}/api/{path}"
        answer = requests.request(method, address, auth=self._login, timeout=10)
        answer.raise_for_status()
        return answer


@contextmanager
def virtual_host(rabbitmq_url: str) -> Iterator[VirtualHost]:
    """A fresh one, that is gone at the end."""
    made = VirtualHost(rabbitmq_url)
    made.make()
    try:
        yield made
    finally:
        made.remove()
