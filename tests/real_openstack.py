"""The real OpenStack of tests/services/openstack.sh, asked without anything of the product."""

from __future__ import annotations

import os
from functools import cache
from typing import Any

import requests

PORTS = {
    "identity": os.environ.get("KEYSTONE_PORT", "28500"),
    "compute": os.environ.get("NOVA_PORT", "28774"),
    "image": os.environ.get("GLANCE_PORT", "28292"),
    "network": os.environ.get("NEUTRON_PORT", "28696"),
    "placement": os.environ.get("PLACEMENT_PORT", "28778"),
}
AUTH_URL = f"http://127.0.0.1:{PORTS['identity']}/v3"
NOVA = f"http://127.0.0.1:{PORTS['compute']}/v2.1"
TIMEOUT = 60


class RealOpenStack:
    """Makes servers and looks at them as the administrator."""

    def sign_in(self, user: str, project: str, password: str = "secret") -> requests.Response:
        """Keystone's own answer."""
        domain = {"name": "Default"}
        identity = {"user": {"name": user, "password": password, "domain": domain}}
        scope = {"project": {"name": project, "domain": domain}}
        auth = {"identity": {"methods": ["password"], "password": identity}, "scope": scope}
        return requests.post(f"{AUTH_URL}/auth/tokens", json={"auth": auth}, timeout=TIMEOUT)

    @cache  # noqa: B019 - there is one
    def token(self, user: str = "admin", project: str = "admin") -> str:
        """A token of that user in that project."""
        return self.sign_in(user, project).headers["X-Subject-Token"]

    @cache  # noqa: B019
    def project_id(self, name: str) -> str:
        """The id of a project."""
        found = self._get(f"{AUTH_URL}/projects?name={name}")
        return str(found["projects"][0]["id"])

    def image_id(self, name: str) -> str:
        """The id of an image."""
        found = self._get(f"http://127.0.0.1:{PORTS['image']}/v2/images?name={name}")
        return str(found["images"][0]["id"])

    def network_id(self, name: str) -> str:
        """The id of a network."""
        found = self._get(f"http://127.0.0.1:{PORTS['network']}/v2.0/networks?name={name}")
        return str(found["networks"][0]["id"])

    def boot(self, name: str, project: str = "admin", **extra: Any) -> str:
        """Begin to make a server; its id."""
        server = {
            "name": name,
            "flavorRef": "f.tiny",
            "imageRef": self.image_id("img-one"),
            "networks": [{"uuid": self.network_id("fednet")}],
            "availability_zone": "zone-good",
            "metadata": {"role": "web"},
            **extra,
        }
        answer = self.nova("POST", "/servers", {"server": server}, project)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["server"]["id"])

    def act(self, server_id: str, body: Any) -> None:
        """An action that Nova takes."""
        answer = self.nova("POST", f"/servers/{server_id}/action", body)
        assert answer.status_code in (200, 202), answer.text

    def delete(self, server_id: str) -> None:
        """A soft delete, as this cloud is made."""
        assert self.nova("DELETE", f"/servers/{server_id}").status_code == 204

    def state(self, server_id: str) -> str:
        """Nova's vm_state, "" for a server that is gone."""
        answer = self.nova("GET", f"/servers/{server_id}")
        return str(answer.json()["server"]["OS-EXT-STS:vm_state"]) if answer.ok else ""

    def task(self, server_id: str) -> str:
        """Nova's task_state, or empty."""
        return self.nova("GET", f"/servers/{server_id}").json()["server"]["OS-EXT-STS:task_state"] or ""

    def updated(self, server_id: str) -> str:
        """When Nova last wrote it, in Nova's form."""
        return str(self.nova("GET", f"/servers/{server_id}").json()["server"]["updated"])

    def inventory(self, host: str, resource: str) -> Any:
        """What Placement has of a host's resource."""
        root = f"http://127.0.0.1:{PORTS['placement']}/resource_providers"
        provider = self._get(f"{root}?name={host}")["resource_providers"][0]["uuid"]
        return self._get(f"{root}/{provider}/inventories/{resource}")

    def nova(self, method: str, path: str, body: Any = None, project: str = "admin") -> requests.Response:
        """Any call."""
        headers = {"X-Auth-Token": self.token("admin", project), "OpenStack-API-Version": "compute 2.93"}
        return requests.request(method, NOVA + path, json=body, headers=headers, timeout=TIMEOUT)

    def _get(self, url: str) -> Any:
        answer = requests.get(url, headers={"X-Auth-Token": self.token()}, timeout=TIMEOUT)
        assert answer.ok, answer.text
        return answer.json()
