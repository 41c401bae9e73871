"""``manage.py up``: the whole gateway in one process, on SQLite and embedded topics."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from fed_common.alarms.evaluator.running import Evaluating
from fed_common.broker.first_start import DEMO_TRANSPORT, prepare, register_demo_vim
from fed_common.broker.serving import serve
from fed_common.events.listening import Listening
from fed_common.events.polling.polling import Polling
from fed_common.events.routes import Routes
from fed_common.events.worker_command import Part
from fed_common.faults.detecting import Detecting
from fed_common.interfaces.registry import load
from fed_common.monitor.conductor.conductor import Conductor
from fed_common.monitor.executor.executor import Executor
from fed_common.notify.sending.sending import Sending
from fed_common.telemetry.logging import setup_logging

WELCOME = """
  The gateway is up on {url}{demo}

  1. Subscribe:  curl -H 'X-Auth-Token: {token}' '{url}/events/{topic}/me/1?timeout=15000'
  2. Watch:      {url}/?token={token}
  3. Command:    .venv/bin/mcfed --url {url} event tail

  {kept} Stop with Ctrl-C.
"""
KEPT = "The admin token is kept in {}."
LOST = "The first token is gone; make another: .venv/bin/python manage.py createtoken --name me --role admin."


class Command(BaseCommand):
    """Everything in one process: the default, and the quickest way to try it."""

    help = "Run the whole gateway in this process."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """--demo adds a VIM that replays recorded notifications."""
        parser.add_argument(
            "--demo", action="store_true", default=settings.DEMO, help="add a VIM of recorded events"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Run until SIGTERM or SIGINT."""
        setup_logging(settings.LOG_LEVEL)
        token = prepare()
        routes = Routes()
        routes.start()
        parts: tuple[Part, ...] = (
            Sending(),
            Evaluating(),
            Listening(routes),
            Polling(routes),
            Detecting(),
            Conductor(routes),
            Executor(),
        )
        feed = self._demo_feed() if options["demo"] else None
        for part in parts:
            part.start()
        self._welcome(token, demo=options["demo"])
        try:
            serve()
        finally:
            if feed:
                feed.stop()
            for part in reversed(parts):
                part.stop()
            routes.stop()

    def _demo_feed(self) -> Any:
        register_demo_vim()
        feed = load(settings.DEMO_FEED)(
            DEMO_TRANSPORT["url"], DEMO_TRANSPORT["exchange"], DEMO_TRANSPORT["topics"]
        )
        feed.start()
        return feed

    def _welcome(self, token: str, *, demo: bool) -> None:
        self.stdout.write(
            WELCOME.format(
                url=f"http://{settings.BIND}:{settings.PORT}",
                demo=", telling recorded events of the demo VIM demo_RegionOne" if demo else "",
                token=token or "<token>",
                topic=settings.DEFAULT_TOPIC,
                kept=KEPT.format(settings.DATA / "token") if token else LOST,
            )
        )
        self.stdout.flush()
