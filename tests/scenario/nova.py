"""A tenant and an administrator of the real OpenStack, by its own API."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from keystoneauth1.adapter import Adapter
from keystoneauth1.identity import V3Password
from keystoneauth1.session import Session

from tests.conftest import service
from tests.waiting import until

MICROVERSION = "2.79"


def credentials() -> dict[str, str]:
    """What the start script's rc file exports, by name without ``OS_``."""
    text = Path(service("openstack", "rc")).read_text()
    return dict(re.findall(r"OS_([A-Z_]+)=(\S+)", text))


class Nova:
    """Servers, made and changed as an administrator."""

    def __init__(self) -> None:
        rc = credentials()
        auth = V3Password(
            auth_url=rc["AUTH_URL"],
            username=rc["USERNAME"],
            password=rc["PASSWORD"],
            project_name=rc["PROJECT_NAME"],
            user_domain_name=rc["USER_DOMAIN_NAME"],
            project_domain_name=rc["PROJECT_DOMAIN_NAME"],
        )
        self._session = Session(auth, timeout=60)
        self._compute = Adapter(self._session, service_type="compute", default_microversion=MICROVERSION)

    def create(self, name: str, host: str = "") -> str:
        """A small server on that host, or on any; its id once it is active."""
        body = {
            "name": name,
            "flavorRef": self._named("/flavors", "flavors", "f.tiny"),
            "imageRef": self._image("img-one"),
            "networks": "none",
            "availability_zone": f"zone-good:{host}" if host else "zone-good",
        }
        made = self._compute.post("/servers", json={"server": body}).json()["server"]["id"]
        self.wait_for(made, "ACTIVE")
        return str(made)

    def act(self, server: str, action: str, status: str, argument: Any = None) -> None:
        """Do it, and wait until the server has that status."""
        self._compute.post(f"/servers/{server}/action", json={action: argument})
        self.wait_for(server, status)

    def rebuild(self, server: str) -> None:
        """From the other image."""
        self.act(server, "rebuild", "ACTIVE", {"imageRef": self._image("img-two")})

    def delete(self, server: str) -> None:
        """Softly: it can be restored for a while."""
        self._compute.delete(f"/servers/{server}")
        self.wait_for(server, "SOFT_DELETED")

    def force_delete(self, server: str) -> None:
        """For good."""
        self._compute.post(f"/servers/{server}/action", json={"forceDelete": None})
        until(lambda: server not in self.servers(), within=240, every=0.2)

    def servers(self) -> dict[str, str]:
        """Name by id of every server of every project."""
        rows = self._compute.get("/servers/detail?all_tenants=1").json()["servers"]
        return {row["id"]: row["name"] for row in rows}

    def wait_for(self, server: str, status: str) -> None:
        """Until nothing is going on with the server, and it has that status."""
        until(lambda: self._now(server) == (status, None), within=240, every=0.2)

    def _now(self, server: str) -> tuple[str, str | None]:
        row = self._compute.get(f"/servers/{server}").json()["server"]
        return row["status"], row["OS-EXT-STS:task_state"]

    def _named(self, path: str, key: str, name: str) -> str:
        rows = self._compute.get(path).json()[key]
        return next(str(row["id"]) for row in rows if row["name"] == name)

    def _image(self, name: str) -> str:
        glance = Adapter(self._session, service_type="image")
        return str(glance.get(f"/v2/images?name={name}").json()["images"][0]["id"])
