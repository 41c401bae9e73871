"""``mcfed agent``: runs on a compute host and tells the gateway when the watchdog of a guest fires."""

from __future__ import annotations

import argparse
import os
import socket
import threading
import uuid
from pathlib import Path
from typing import Any

from fed_common.cli.agent_libvirt import Listener, library
from fed_common.cli.agent_spool import Report, Spool
from fed_common.cli.client import Gateway, Refusal, Unavailable
from fed_common.cli.columns import printable
from fed_common.cli.command import GatewayCommand
from fed_common.core import clock

LOOK_EVERY = 1.0
WAITS = (1.0, 2.0, 5.0, 10.0, 30.0)
NEVER_TAKEN = (400, 422)


class Sender:
    """Hands over what is in the spool, in its order, as long as it takes. One thread."""

    def __init__(self, gateway: Gateway, vim_id: str, spool: Spool, say: Any) -> None:
        self._gateway, self._vim_id, self._spool, self._say = gateway, vim_id, spool, say
        self._stopping = threading.Event()

    def run(self) -> None:
        """Send until ``stop`` is called."""
        failures = 0
        while not self._stopping.is_set():
            report = self._spool.first(LOOK_EVERY)
            if report is None:
                continue
            try:
                self._send(report)
                failures = 0
            except Refusal as error:
                wait = WAITS[min(failures, len(WAITS) - 1)]
                failures += 1
                self._say(f"not handed over, again in {wait:g} s, {len(self._spool)} waiting: {error}")
                self._stopping.wait(wait)

    def stop(self) -> None:
        """End soon. Safe to call twice."""
        self._stopping.set()

    def _send(self, report: Report) -> None:
        """Raises Refusal: later. What the gateway will never take is told and let go."""
        try:
            answer = self._gateway.post("vims", self._vim_id, "watchdog", body=report)
        except Refusal as error:
            if isinstance(error, Unavailable) or error.status not in NEVER_TAKEN:
                raise
            self._say(f"refused for good: {error}: {report}")
        else:
            taken = "accepted" if answer.get("accepted") else f"ignored ({answer.get('reason')})"
            self._say(f"{taken}: watchdog of {report['instance_id']}, action {report['action']}")
        self._spool.done(report)


class Agent(GatewayCommand):
    """Listen to this host's libvirt and tell the gateway of every guest watchdog that fires, until stopped.

    Only watchdogs: what Nova tells by itself (a guest that stops, crashes, moves) it is left to tell.
    """

    example = "mcfed --url https://gateway:9001 agent core_RegionOne --spool /var/lib/mcfed/agent.spool"

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Which cloud this host is of, its libvirt, where unsent reports are kept."""
        parser = super().get_parser(prog_name)
        parser.add_argument("vim_id", help="the VIM this host belongs to")
        parser.add_argument("--libvirt", default="qemu:///system", metavar="URI", help="default qemu:///system")
        parser.add_argument("--host", default=socket.gethostname(), help="the host's name in its cloud")
        spool = str(Path(os.environ.get("MCFED_DATA") or "var", "agent.spool"))
        parser.add_argument("--spool", default=spool, metavar="FILE", help=f"unsent reports, default {spool}")
        return parser

    def take_action(self, args: argparse.Namespace) -> None:
        """Listen until interrupted."""
        libvirt, spool = library(), _spool(args.spool)
        sender = Sender(self.gateway, args.vim_id, spool, self._note)
        listener = Listener(libvirt, args.libvirt, lambda *fired: self._keep(spool, args.host, *fired), self._note)
        sending = threading.Thread(target=sender.run, name="sending", daemon=True)
        sending.start()
        try:
            listener.run()
        except KeyboardInterrupt:
            self._note("stopped")
        finally:
            listener.stop()
            sender.stop()

    def _keep(self, spool: Spool, host: str, instance_id: str, action: str) -> None:
        report = {
            "instance_id": instance_id,
            "action": action,
            "host": host,
            "occurred_at": clock.iso(clock.now()),
            "id": str(uuid.uuid4()),
        }
        self._note(f"the watchdog of {instance_id} fired, action {action}")
        if gone := spool.add(report):
            self._note(f"the spool is full: {gone} of the oldest reports are lost")

    def _note(self, text: str) -> None:
        self.say(f"{clock.now():%Y-%m-%dT%H:%M:%SZ} {printable(text)}")


def _spool(path: str) -> Spool:
    """Raises Refusal: it cannot be written."""
    try:
        file = Path(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        return Spool(file)
    except OSError as error:
        raise Refusal(f"--spool: {path} cannot be used: {error.strerror}") from error
