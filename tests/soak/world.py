"""What is watched in a soak: many adopted guests that flap, a few booted ones that are killed and respawned."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from tests.addresses import Addresses
from tests.doubles.booting import Booted, BootingCloud, booting
from tests.guests import Guests
from tests.processes import ROOT
from tests.scenario.watched import Watched, vnfd

MEMBERS = 5
HOLD = (12.0, 90.0)
KILL_EVERY = 20.0
RESPAWNED = 8


@dataclass
class World:
    """``history`` has of each flapping address when it began (True) or ceased (False) to answer, Unix time.

    ``kills`` counts how often the guest of each respawned VNF was killed.
    """

    guests: Guests
    cloud: BootingCloud
    history: dict[str, list[tuple[float, bool]]] = field(default_factory=lambda: defaultdict(list))
    flapping: dict[str, list[str]] = field(default_factory=dict)
    respawned: list[str] = field(default_factory=list)
    kills: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def populate(self, watched: Watched, addresses: list[str]) -> None:
        """Onboard everything, and wait until all of it is UP."""
        self.guests.up(*addresses)
        for number in range(0, len(addresses), MEMBERS):
            mine = addresses[number : number + MEMBERS]
            adopted = [{"instance_id": self._existing(one), "address": one} for one in mine]
            name = f"flapping-{number}"
            vnf = watched.create(name, "lab_RegionOne", vnfd(action="log"), adopt={"VDU1": adopted})
            self.flapping[vnf] = mine
        for number in range(RESPAWNED):
            self.respawned.append(watched.create(f"respawned-{number}", "lab_RegionOne", vnfd(action="respawn")))
        for vnf in self.respawned:
            watched.healthy(vnf, within=120)
        for vnf in self.flapping:
            watched.healthy(vnf, MEMBERS, within=120)

    def heard(self, listening: Listening) -> dict[str, Any]:
        """What was heard; an address that a respawned guest left is asked no more, and no gap."""
        heard, mine = listening.end(), {one for addresses in self.flapping.values() for one in addresses}
        return {**heard, "gaps": [gap for gap in heard["gaps"] if gap[0] in mine]}

    def _existing(self, address: str) -> str:
        id = f"vm-{address}"
        self.cloud.instances[id] = Booted(id, "", id, "img", "tiny", address, "active")
        return id

    def flap(self, stopping: threading.Event, seed: int) -> None:
        """Let each address cease and begin to answer, now and then, until told to stop."""
        dice, now = random.Random(seed), time.time()
        due = {one: now + dice.uniform(1, HOLD[1]) for mine in self.flapping.values() for one in mine}
        while not stopping.wait(0.25):
            turned = [one for one, moment in due.items() if moment <= time.time()]
            ceasing = [one for one in turned if one in self.guests.answering]
            self.guests.down(*ceasing)
            self.guests.up(*(set(turned) - set(ceasing)))
            for one in turned:
                self.history[one].append((time.time(), one not in ceasing))
                due[one] = time.time() + dice.uniform(*HOLD)

    def kill(self, watched: Watched, stopping: threading.Event, seed: int) -> None:
        """Kill the guest of a VNF that is well, now and then, until told to stop."""
        dice = random.Random(seed)
        while not stopping.wait(KILL_EVERY):
            vnf = dice.choice(self.respawned)
            with suppress(AssertionError):  # the database may be away
                (member,) = watched.members(vnf)
                if watched.vnf(vnf)["status"] == "ACTIVE" and member["health"] == "UP":
                    self.kills[vnf] += 1
                    self.guests.down(member["address"])


@contextmanager
def world(targets: int) -> Iterator[tuple[World, list[str], list[Listening]]]:
    """A world with so many flapping addresses, and who listens to what they are asked."""
    with Addresses(targets + 4 * RESPAWNED) as addresses:
        guests = Guests(addresses)
        pool = guests.all[targets:]
        with booting(pool, up=guests.up, down=guests.down) as cloud:
            yield World(guests, cloud), guests.all[:targets], [Listening(addresses)]


class Listening:
    """``tests.soak.echoes`` inside the namespace."""

    def __init__(self, addresses: Addresses) -> None:
        command = addresses.command(sys.executable, "-m", "tests.soak.echoes", "link")
        self._process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout
        assert self._process.stdout.readline() == "listening\n"

    def end(self) -> dict[str, Any]:
        """What it heard."""
        self._process.send_signal(signal.SIGTERM)
        told, _ = self._process.communicate(timeout=30)
        heard: dict[str, Any] = json.loads(told)
        return heard
