"""The vSphere simulator of tests/services as tests see it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Self
from urllib.parse import unquote, urlsplit

from fed_common.core.model import Credentials, Tls, Vim, VimId
from tests.conftest import service


class Vcsim:
    """Inside, it runs, and began with the inventory that every start gives it."""

    def __enter__(self) -> Self:
        service("vcsim", "stop")
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        service("vcsim", "stop")

    def start(self, **env: str) -> None:
        """Start it, with these variables; nothing happens when it runs."""
        service("vcsim", "start", **env)

    def do(self, verb: str) -> None:
        """kill, stop, pause or resume it."""
        service("vcsim", verb)

    def govc(self, *words: str) -> str:
        """vSphere's own command line."""
        return service("vcsim", "govc", *words)

    def collect(self, path: str, *properties: str) -> list[str]:
        """What govc says of an object."""
        return self.govc("object.collect", "-s", path, *properties).splitlines()

    def sessions(self) -> list[dict[str, Any]]:
        """The sessions that our library has open."""
        found = json.loads(self.govc("session.ls", "-json"))["sessionList"]
        return [one for one in found if one["userAgent"].startswith("pyvmomi")]

    @property
    def ca(self) -> str:
        """The certificate it shows, which is its own authority."""
        return Path(service("vcsim", "cert")).read_text()

    def vim(self, name: str = "vc_one", *, password: str = "", tls: Tls | None = None) -> Vim:
        """Its record as a VIM."""
        parts = urlsplit(service("vcsim", "url"))
        right = unquote(parts.password or "")
        return Vim(
            VimId.parse(name),
            "vsphere",
            auth_url=f"https://{parts.hostname}:{parts.port}/sdk",
            credentials=Credentials(unquote(parts.username or ""), password or right),
            tls=tls or Tls(ca=self.ca),
        )
