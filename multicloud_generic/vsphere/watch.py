"""vSphere tells what changed: the property collector's updates as Sweeps."""

from __future__ import annotations

import math
import time
from collections.abc import MutableMapping

from fed_common.core import clock
from fed_common.core.instances import Sweep
from fed_common.interfaces.plugin import InstanceWatch
from multicloud_generic.vsphere import mapping
from multicloud_generic.vsphere.client import Client
from multicloud_generic.vsphere.fleet import Fleet


class VsphereWatch(InstanceWatch):
    """A session of its own with one filter over all VMs, hosts and clusters."""

    def __init__(self, client: Client, known: MutableMapping[str, str], *, timeout: float) -> None:
        """Take over a client that is signed in, and the ids that are ``known``; begin to watch.

        ``timeout``: what an answer may take beyond the wait itself.
        """
        self._client, self._timeout = client, timeout
        self._collector = client.watch(mapping.LOOK)
        self._version = ""
        self._fleet = Fleet(known)

    def wait(self, *, timeout: float) -> Sweep | None:
        """See InstanceWatch. vSphere counts in whole seconds, so a wait takes at least one."""
        if not self._version:
            return self._first()
        end = time.monotonic() + timeout
        while (left := end - time.monotonic()) > 0:
            touched = self._updates(math.ceil(left))
            if sweep := self._fleet.news(touched, clock.now()):
                return sweep
        return None

    def close(self) -> None:
        """See InstanceWatch. vSphere drops the filter with the session."""
        if self._collector is not None:
            self._collector = None
            self._client.logout()
            self._client.close()

    def _first(self) -> Sweep:
        began = clock.now()
        self._fleet.news(self._updates(1), began)
        return Sweep(self._fleet.instances, began, self._fleet.complete, hosts=self._fleet.hosts)

    def _updates(self, seconds: int) -> set[str]:
        """Wait for an update and take it in with all its parts; the answer is what it is about."""
        self._client.allow(seconds + self._timeout)
        touched: set[str] = set()
        more = True
        while more and (changes := self._client.changes(self._collector, self._version, seconds)):
            self._version, more = changes.version, changes.more
            touched |= self._fleet.take(changes.changed, changes.left)
        if stale := self._fleet.stale():
            self._fleet.correct(self._client.reread(stale, {mapping.VM: mapping.LOOK[mapping.VM]}))
        return touched
