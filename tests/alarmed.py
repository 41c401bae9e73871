"""A gateway whose rules are evaluated: a VIM on a real bus, listeners, and a consumer of the actions."""

from __future__ import annotations

import json
import subprocess
import sys
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.captures import AmqpMessage
from tests.consumer import Consumer, consumer
from tests.nova_updates import alarm_body
from tests.processes import ROOT, Deployment, Process, deployed
from tests.replay import forget, replay

NOWHERE = "http://127.0.0.1:9/never"
LOOPBACK = {"MCFED_ALLOWED_NETWORKS": "127.0.0.0/8"}


class Alarmed:
    """What tests do with it, over REST and the bus only."""

    def __init__(self, deployment: Deployment, rabbitmq_url: str, consumer: Consumer) -> None:
        self.deployment, self.rabbitmq_url, self.consumer = deployment, rabbitmq_url, consumer
        self.exchange = f"alarms-{uuid.uuid4().hex[:8]}"

    def register(self, owner: str = "vio", exchange: str = "") -> None:
        """A VIM whose notifications come over that exchange, in durable queues."""
        exchange = exchange or self.exchange
        self.deployment.register(
            owner, f"{self.rabbitmq_url}?amqp_durable_queues=true", exchange=exchange, pool=exchange
        )

    def send(self, *messages: AmqpMessage, exchange: str = "") -> None:
        """Put them on the VIM's bus."""
        replay(self.rabbitmq_url, messages, exchange or self.exchange)

    def lay_rules(self, count: int) -> None:
        """That many rules of instances which nothing happens to."""
        self.lay(rules=[alarm_body(f"other-{n}", str(uuid.uuid4()), NOWHERE) for n in range(count)])

    def lay(self, **rows: Any) -> None:
        """See ``tests.lay``."""
        command, env = [sys.executable, "-m", "tests.lay"], self.deployment.env
        subprocess.run(command, cwd=ROOT, env=env, input=json.dumps(rows), text=True, check=True, timeout=300)

    def alarm(self, name: str, instance_id: str, *paths: str, **more: Any) -> str:
        """A rule for an instance that gets into error, whose actions go to the consumer; its id."""
        actions = [self.consumer.url(path) for path in paths or ("/ok",)]
        return str(self.aodh("POST", "/alarms", alarm_body(name, instance_id, *actions, **more))["alarm_id"])

    def alarms(self, instances: Sequence[str], *paths: str, **more: Any) -> list[str]:
        """One for each."""
        return [self.alarm(f"alarm-{number}", one, *paths, **more) for number, one in enumerate(instances)]

    def aodh(self, method: str, path: str, body: Any = None) -> Any:
        """One call of Aodh's API; its JSON."""
        url = f"{self.deployment.url}/openstack/v2{path}"
        answer = self.deployment.session.request(method, url, json=body, timeout=30)
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def state(self, alarm_id: str) -> str:
        """Of one rule."""
        return str(self.aodh("GET", f"/alarms/{alarm_id}/state"))

    def listen(self, count: int = 1) -> list[Process]:
        """So many listeners that are ready."""
        return [self.deployment.start("listener") for _ in range(count)]


@contextmanager
def alarmed(folder: Path, database: str, rabbitmq_url: str, **settings: str) -> Iterator[Alarmed]:
    """A gateway, and a VIM nobody listens to yet."""
    settings = {"MCFED_DATABASE_URL": database, "MCFED_TRANSPORT_URL": rabbitmq_url, **LOOPBACK, **settings}
    with consumer() as sink, deployed(folder, **settings) as deployment:
        deployment.gateway()
        made = Alarmed(deployment, rabbitmq_url, sink)
        made.register()
        try:
            yield made
        finally:
            deployment.stop()
            forget(rabbitmq_url, [made.exchange])
