"""The clouds this process is signed in to, so that connections and tokens last longer than one verb."""

from __future__ import annotations

import threading
from collections import OrderedDict
from contextlib import AbstractContextManager

import requests

from fed_common.core.model import Vim, VimId
from multicloud_generic.openstack.client import Project, account
from multicloud_generic.openstack.transport import Wire

MOST, CONNECTED = 10_000, 400


class Cloud:
    """One VIM's cloud: the wire to it, and its projects as they are needed. Thread-safe.

    ``sees_all_projects``  whether the credentials have once shown the servers of all projects.
    """

    def __init__(self, vim: Vim) -> None:
        """Connects to nothing yet. Raises Invalid naming what is wrong with the VIM's record."""
        self.vim, self._account = vim, account(vim)
        self._wire = Wire(vim)
        self._http = requests.Session()
        self._http.trust_env = False
        for scheme in ("https://", "http://"):
            self._http.mount(scheme, self._wire)
        self.sees_all_projects = False
        self._projects: dict[tuple[str, str], Project] = {}
        self._lock = threading.Lock()

    def within(self, seconds: float) -> AbstractContextManager[None]:
        """Inside, everything this thread asks of the cloud has so much time together."""
        return self._wire.within(seconds)

    @property
    def home(self) -> Project:
        """The project where the gateway signs in: the VIM's first, or the user's own."""
        return self.project_named(self.vim.projects[0]) if self.vim.projects else self._project("", "")

    @property
    def projects(self) -> list[Project]:
        """All of the VIM's projects, home first."""
        return [self.project_named(name) for name in self.vim.projects] or [self.home]

    def project_named(self, name: str) -> Project:
        """The project of that name, in the VIM's project domain."""
        return self._project("project_name", name)

    def project_with(self, project_id: str) -> Project:
        """The project of that id."""
        return self._project("project_id", project_id)

    def close(self) -> None:
        """Close the connections that are idle. Safe to call twice; who is still at it opens new ones."""
        self._http.close()

    def _project(self, by: str, value: str) -> Project:
        with self._lock:
            known = self._projects.get((by, value))
            if known is None:
                known = Project(self._account, self._wire, self._http, {by: value} if by else {})
                self._projects[by, value] = known
            return known


class Clouds:
    """One Cloud a VIM, made anew when the VIM's record changed; the one unused for longest goes first.

    Of many, only some stay connected. The others keep their tokens, so that nobody signs in for every verb.
    """

    def __init__(self, most: int = MOST, connected: int = CONNECTED) -> None:
        self._most, self._most_connected = most, connected
        self._open, self._connected = OrderedDict[VimId, Cloud](), OrderedDict[VimId, Cloud]()
        self._lock = threading.Lock()

    def of(self, vim: Vim) -> Cloud:
        """The cloud of this VIM. Raises Invalid naming what is wrong with its record."""
        with self._lock:
            known = self._open.get(vim.id)
            if known is None or known.vim != vim:
                self._open[vim.id] = Cloud(vim)
                if known is not None:
                    known.close()
            self._open.move_to_end(vim.id)
            if len(self._open) > self._most:
                self._open.popitem(last=False)
            return self._connect(vim.id)

    def _connect(self, id: VimId) -> Cloud:
        self._connected[id] = self._open[id]
        self._connected.move_to_end(id)
        if len(self._connected) > self._most_connected:
            self._connected.popitem(last=False)[1].close()
        return self._open[id]


clouds = Clouds()
