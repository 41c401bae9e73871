"""One session for each vSphere, shared by all calls and signed in anew when it has ended."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import closing
from typing import TypeVar

from fed_common.core.errors import CloudTimeout
from fed_common.core.model import Vim, VimId
from multicloud_generic.vsphere.client import Client
from multicloud_generic.vsphere.connection import SessionEnded

T = TypeVar("T")


class _Session:
    """The session of one VIM's record; empty when there is none yet."""

    def __init__(self, vim: Vim) -> None:
        self.vim, self.key, self.lock = vim, "", threading.Lock()


class Sessions:
    """The sessions there are, one a VIM. Thread-safe."""

    def __init__(self) -> None:
        self._sessions: dict[VimId, _Session] = {}
        self._lock = threading.Lock()

    def ask(self, vim: Vim, timeout: float, work: Callable[[Client], T]) -> T:
        """Do ``work`` with a connection of its own, signed in; a second time when the session had ended."""
        session = self._of(vim)
        with closing(Client(vim, timeout=timeout)) as client:
            used = self._sign_in(session, client, ended="")
            try:
                return work(client)
            except SessionEnded:
                self._sign_in(session, client, ended=used)
                return work(client)

    def _of(self, vim: Vim) -> _Session:
        """A record that was changed, its password for one, begins anew."""
        with self._lock:
            found = self._sessions.get(vim.id)
            if found is None or found.vim != vim:
                found = self._sessions[vim.id] = _Session(vim)
            return found

    @staticmethod
    def _sign_in(session: _Session, client: Client, *, ended: str) -> str:
        """Take the session there is, unless it is the ended one: then make one. One thread does so for all."""
        if not session.lock.acquire(timeout=client.seconds_left()):
            raise CloudTimeout(str(session.vim.id), "vSphere did not answer in time")
        try:
            if session.key == ended:
                session.key = client.login()
            client.resume(session.key)
            return session.key
        finally:
            session.lock.release()


SESSIONS = Sessions()  # of this process: the broker and the poller share them
