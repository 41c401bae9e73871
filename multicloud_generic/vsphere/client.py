"""The calls of vSphere's API that we make."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from pyVmomi import VmomiSupport, vim, vmodl

from fed_common.core.errors import CloudFailed, Invalid, NotFound
from fed_common.core.model import Vim
from multicloud_generic.vsphere.connection import API_VERSION, Connection, talking

PAGE = 1000
GOODBYE = 3.0
_Collector = vmodl.query.PropertyCollector
_NAMESPACE = VmomiSupport.GetWsdlNamespace(API_VERSION)
Paths = tuple[str, ...]


class Changes(NamedTuple):
    """What an update told: properties that changed (``None``: now unset), and objects that left."""

    version: str
    changed: dict[str, dict[str, Any]]
    left: frozenset[str]
    more: bool


class Client:
    """One connection to a vSphere. Every verb raises CloudFailed and its kin. Not thread-safe."""

    def __init__(self, target: Vim, *, timeout: float) -> None:
        """No I/O. Raises Invalid when the VIM's record lacks what is needed."""
        if not target.auth_url:
            raise Invalid("auth_url", target.auth_url, "the URL of the vSphere's SDK")
        if target.credentials is None:
            raise Invalid("credentials", None, "a username and a password")
        self._credentials, self._vim_id = target.credentials, str(target.id)
        self._connection = Connection(target, timeout=timeout)
        self._root = vim.ServiceInstance("ServiceInstance", self._connection)
        self._content: Any = None
        self._own_session = False

    def allow(self, seconds: float) -> None:
        """Give what is asked from now on so much time altogether."""
        self._connection.extend(seconds)

    def login(self) -> str:
        """Sign in; the answer is the session, to be resumed."""
        with talking(self._vim_id):
            self._connection.SetSessionId(None)
            manager = self.content.sessionManager
            manager.Login(self._credentials.username, self._credentials.password)
            self._own_session = True
            return str(self._connection.GetSessionId())

    def resume(self, session: str) -> None:
        """Go on in a session. No I/O."""
        self._connection.SetSessionId(session)

    def logout(self) -> None:
        """Sign out within a few seconds, when this client has signed in. Never raises."""
        if not self._own_session:
            return
        self._own_session = False
        try:
            with talking(self._vim_id):
                self._connection.extend(GOODBYE)
                self.content.sessionManager.Logout()
        except CloudFailed:
            return  # it ends there by itself

    def close(self) -> None:
        """Close the connection; the session stays."""
        self._connection.DropConnections()

    def now(self) -> datetime:
        """The vSphere's own time."""
        with talking(self._vim_id):
            told: datetime = self._root.CurrentTime()
            return told

    @property
    def content(self) -> Any:
        """The vSphere's single objects."""
        if self._content is None:
            self._content = self._root.RetrieveContent()
        return self._content

    def objects(self, look: Mapping[str, Paths]) -> dict[str, dict[str, Any]]:
        """These properties of every object of these types, all pages."""
        with talking(self._vim_id):
            view = self._view(look)
            found = self._retrieve(self._spec(view, look))
            view.DestroyView()
            return found

    def reread(self, names: Iterable[str], look: Mapping[str, Paths]) -> dict[str, dict[str, Any]]:
        """The properties of these objects; those that have gone are left out."""
        with talking(self._vim_id):
            wanted = [_Collector.ObjectSpec(obj=self.thing(name)) for name in names]
            spec = _Collector.FilterSpec(
                objectSet=wanted, propSet=_paths(look), reportMissingObjectsInResults=True
            )
            return self._retrieve(spec)

    def watch(self, look: Mapping[str, Paths]) -> Any:
        """Begin to watch these properties; the answer is what ``changes`` has to be given."""
        with talking(self._vim_id):
            collector = self.content.propertyCollector.CreatePropertyCollector()
            collector.CreateFilter(self._spec(self._view(look), look), partialUpdates=False)
            return collector

    def changes(self, collector: Any, version: str, seconds: int) -> Changes | None:
        """What changed since that version, "" for everything; ``None`` when nothing did for so many seconds."""
        with talking(self._vim_id):
            update = collector.WaitForUpdatesEx(version, _Collector.WaitOptions(maxWaitSeconds=seconds))
            return _changes(update) if update else None

    def _retrieve(self, spec: Any) -> dict[str, dict[str, Any]]:
        collector = self.content.propertyCollector
        page = collector.RetrievePropertiesEx([spec], _Collector.RetrieveOptions(maxObjects=PAGE))
        found: dict[str, dict[str, Any]] = {}
        while page:
            for one in page.objects:
                found[_name(one.obj)] = {it.name: _plain(it.val) for it in one.propSet}
            page = collector.ContinueRetrievePropertiesEx(page.token) if page.token else None
        return found

    def thing(self, name: str) -> Any:
        """The library's object of that name, to be given to a call. No I/O."""
        kind, _, key = name.partition(":")
        return _type(kind)(key, self._connection)

    def _view(self, look: Mapping[str, Paths]) -> Any:
        types = [getattr(vim, kind) for kind in look]
        return self.content.viewManager.CreateContainerView(self.content.rootFolder, types, True)

    def _spec(self, view: Any, look: Mapping[str, Paths]) -> Any:
        through = _Collector.TraversalSpec(name="view", type=vim.view.ContainerView, path="view", skip=False)
        start = _Collector.ObjectSpec(obj=view, skip=True, selectSet=[through])
        return _Collector.FilterSpec(objectSet=[start], propSet=_paths(look))

    def find(self, instance_uuid: str) -> str:
        """The name of the VM with that instance UUID; of a clone of ours that has none yet. Raises NotFound."""
        with talking(self._vim_id):
            found = self.content.searchIndex.FindByUuid(None, instance_uuid, True, True)
        if found is not None:
            return _name(found)
        for name, told in self.objects({"VirtualMachine": ("name", "config.instanceUuid")}).items():
            if not told.get("config.instanceUuid") and str(told.get("name")).endswith(name_ending(instance_uuid)):
                return name
        raise NotFound("instance", instance_uuid)

    def child(self, folder: str, name: str) -> str:
        """The name of what a folder has under that name; "" for nothing."""
        with talking(self._vim_id):
            found = self.content.searchIndex.FindChild(self.thing(folder), name)
            return "" if found is None else _name(found)

    def begin(self, name: str, verb: str, *arguments: Any) -> str:
        """Call an object's method that makes a task; the answer is the task's name."""
        with talking(self._vim_id):
            return _name(getattr(self.thing(name), verb)(*arguments))

    def seconds_left(self) -> float:
        """The time this client is still given; 0 when it is over."""
        return max(0.0, self._connection.deadline - time.monotonic())


def name_ending(instance_uuid: str) -> str:
    """How the name of a VM ends that the gateway makes with that instance UUID."""
    return f"-{instance_uuid[:8]}"


def _changes(update: Any) -> Changes:
    changed: dict[str, dict[str, Any]] = {}
    left: set[str] = set()
    for one in (one for told in update.filterSet for one in told.objectSet):
        name = _name(one.obj)
        if one.kind == "leave":
            changed.pop(name, None)
            left.add(name)
        else:
            left.discard(name)
            changed.setdefault(name, {}).update({it.name: _plain(it.val) for it in one.changeSet})
    return Changes(update.version, changed, frozenset(left), bool(update.truncated))


def _paths(look: Mapping[str, Paths]) -> list[Any]:
    return [_Collector.PropertySpec(type=_type(kind), pathSet=list(paths)) for kind, paths in look.items()]


def _type(kind: str) -> Any:
    return VmomiSupport.GetWsdlType(_NAMESPACE, kind)


def _name(thing: Any) -> str:
    return f"{thing._wsdlName}:{thing._moId}"


def _plain(value: Any) -> Any:
    """The library's value in plain Python: references by name."""
    if isinstance(value, VmomiSupport.ManagedObject):
        return _name(value)
    if isinstance(value, list):
        return tuple(_plain(one) for one in value)
    return str(value) if isinstance(value, str) else value
