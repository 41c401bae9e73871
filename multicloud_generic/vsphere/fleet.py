"""All that a watched vSphere has told so far, and what of it is news. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, MutableMapping
from datetime import datetime
from typing import Any

from fed_common.core.instances import Host, Instance, Sweep
from multicloud_generic.vsphere import mapping


class Fleet:
    """The inventory of one watch. ``known``: the ids of its VMs from earlier on, kept up to date."""

    def __init__(self, known: MutableMapping[str, str]) -> None:
        self.hosts: tuple[Host, ...] = ()
        self._known = known
        self._objects: dict[str, dict[str, Any]] = {}
        self._told: dict[str, Instance] = {}
        self._stale: set[str] = set()

    @property
    def instances(self) -> tuple[Instance, ...]:
        """Every instance."""
        return tuple(self._told.values())

    @property
    def complete(self) -> bool:
        """Whether these are all there are."""
        return mapping.all_named(self._objects, self._known)

    def take(self, changed: Mapping[str, Mapping[str, Any]], left: Iterable[str]) -> set[str]:
        """Learn an update, in which ``None`` is unset; the answer is the names of the objects it is about."""
        for name, properties in changed.items():
            old = self._objects.get(name)
            if old is not None and properties.get(mapping.CHANGE_VERSION):
                self._stale.add(name)
            merged = {**(old or {}), **properties}
            self._objects[name] = {path: value for path, value in merged.items() if value is not None}
        for name in left:
            self._objects.pop(name, None)
            self._known.pop(name, None)
        return {*changed, *left}

    def stale(self) -> set[str]:
        """The VMs that were reconfigured since the last call: vcsim tells that, but not what is new of them."""
        stale, self._stale = self._stale & self._objects.keys(), set()
        return stale

    def correct(self, read: Mapping[str, dict[str, Any]]) -> None:
        """Learn what was read of VMs; those that have gone meanwhile will be told as such."""
        self._objects.update({name: properties for name, properties in read.items() if name in self._objects})

    def news(self, touched: Iterable[str], taken_at: datetime) -> Sweep | None:
        """What is not as it was told before. A host or a cluster may concern every VM."""
        names = set(touched)
        machines = {name for name in names if name.startswith(f"{mapping.VM}:")}
        before = self.hosts
        if machines != names:
            self.hosts = mapping.hosts(self._objects)
            machines.update(mapping.of_type(self._objects, mapping.VM))
        changed, gone = self._compare(machines)
        hosts = self.hosts if self.hosts != before else None
        if not changed and not gone and hosts is None:
            return None
        return Sweep(changed, taken_at, complete=False, gone=gone, hosts=hosts)

    def _compare(self, machines: Iterable[str]) -> tuple[tuple[Instance, ...], frozenset[str]]:
        changed: list[Instance] = []
        gone: set[str] = set()
        for name in sorted(machines):
            old = self._told.pop(name, None)
            new = mapping.instance(self._objects, name, self._known) if name in self._objects else None
            if new is not None:
                self._told[name] = new
            if new is not None and new != old:
                changed.append(new)
            if old is not None and (new is None or new.id != old.id):
                gone.add(old.id)
        if gone:  # a VM that was registered anew has left by one name and come by another
            gone -= {instance.id for instance in self._told.values()}
        return tuple(changed), frozenset(gone)
