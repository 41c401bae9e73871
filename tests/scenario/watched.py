"""A gateway whose VIMs and VNFs are watched: executors and conductors on real servers, guests that really die."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.plugins import installed
from tests.processes import Deployment, Process, deployed, free_port
from tests.waiting import until

NODES = "tosca.nodes.nfv"


def vnfd(
    *,
    image: str = "img",
    network: str = "mgmt",
    action: str = "respawn",
    members: int = 1,
    delay: int = 1,
    **properties: str,
) -> dict[str, Any]:
    """A descriptor with one VDU that is pinged, with further properties."""
    parameters = {"monitoring_delay": delay, "count": 1, "interval": 1, "timeout": 1}
    policy = {"name": "ping", "parameters": parameters, "actions": {"failure": action}}
    vdu = {"image": image, "monitoring_policy": policy, **properties}
    links = [{"virtualLink": {"node": "VL1"}}, {"virtualBinding": {"node": "VDU1"}}]
    sizes = {"min_instances": 1, "max_instances": 8, "default_instances": members}
    scaling = {"increment": 1, "cooldown": 1, **sizes}
    nodes = {
        "VDU1": {"type": f"{NODES}.VDU.Tacker", "properties": vdu},
        "CP1": {"type": f"{NODES}.CP.Tacker", "properties": {"management": True}, "requirements": links},
        "VL1": {"type": f"{NODES}.VL", "properties": {"network_name": network, "vendor": "Tacker"}},
    }
    policies = [{"SP1": {"type": "tosca.policies.tacker.Scaling", "targets": ["VDU1"], "properties": scaling}}]
    return {
        "tosca_definitions_version": "tosca_simple_profile_for_nfv_1_0_0",
        "topology_template": {"node_templates": nodes, "policies": policies},
    }


class Watched:
    """What tests do with it, over REST only."""

    def __init__(self, deployment: Deployment) -> None:
        self.deployment = deployment

    def work(self, *, executors: int, conductors: int) -> None:
        """Start so many of each, and wait until all are ready."""
        for command in ["monitor"] * executors + ["conductor"] * conductors:
            self.deployment.start(command, wait=False)
        until(lambda: all(one.ready() for one in self.deployment.processes), within=90, every=0.1)

    def remove_vnfs(self) -> None:
        """Delete all there are, and wait until they are gone."""
        found = [one["id"] for one in self.deployment.rest("GET", "/vnfs")["vnfs"]]
        for vnf in found:
            self.deployment.rest("DELETE", f"/vnfs/{vnf}")
        until(lambda: all(map(self.is_gone, found)), every=0.1)

    def register(self, owner: str, type: str, auth_url: str, **more: Any) -> dict[str, Any]:
        """A VIM."""
        body = {"cloud_owner": owner, "cloud_region_id": "RegionOne", "type": type, "auth_url": auth_url}
        credentials = {"username": "u", "password": "p"}
        vim: dict[str, Any] = self.deployment.rest("POST", "/vims", {**body, "credentials": credentials, **more})
        return vim

    def vim_is(self, vim_id: str, status: str, within: float = 60.0) -> None:
        """Wait until the VIM has that status."""
        until(lambda: self.deployment.rest("GET", f"/vims/{vim_id}")["status"] == status, within=within)

    def create(self, name: str, vim_id: str, descriptor: dict[str, Any], **more: Any) -> str:
        """Onboard a VNF; its id."""
        body = {"name": name, "vim_id": vim_id, "vnfd": descriptor, **more}
        return str(self.deployment.rest("POST", "/vnfs", body)["id"])

    def vnf(self, vnf: str) -> dict[str, Any]:
        """The VNF."""
        found: dict[str, Any] = self.deployment.rest("GET", f"/vnfs/{vnf}")
        return found

    def members(self, vnf: str) -> list[dict[str, Any]]:
        """Its members."""
        found: list[dict[str, Any]] = self.deployment.rest("GET", f"/vnfs/{vnf}/members")["members"]
        return found

    def healthy(self, vnf: str, count: int = 1, within: float = 60.0) -> list[dict[str, Any]]:
        """Wait until it is ACTIVE with so many members that are all UP; those."""

        def settled() -> list[dict[str, Any]] | None:
            members = self.members(vnf)
            up = [one for one in members if one["health"] == "UP"]
            good = self.vnf(vnf)["status"] == "ACTIVE" and len(up) == len(members) == count
            return members if good else None

        return until(settled, within=within, every=0.1) or []

    def events(self, vnf: str) -> list[tuple[str, str, str]]:
        """Type, state and details of what it went through, in order."""
        found = self.deployment.rest("GET", f"/vnfs/{vnf}/events")["events"]
        return [(one["event_type"], one["resource_state"], one["event_details"]) for one in found]

    def details(self, vnf: str) -> list[str]:
        """Only the details."""
        return [details for _, _, details in self.events(vnf)]

    @contextmanager
    def another_gateway(self) -> Iterator[str]:
        """The URL of a second HTTP process on the same database."""
        port = free_port()
        env = {**self.deployment.env, "MCFED_PORT": str(port)}
        log = self.deployment.folder / "another.log"
        process = Process([sys.executable, "manage.py", "gateway"], env, log, port)
        try:
            until(process.ready, within=60)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.stop()

    def is_gone(self, vnf: str) -> bool:
        """Whether nobody knows it any more."""
        url = f"{self.deployment.url}/api/multicloud/v1/vnfs/{vnf}"
        return self.deployment.session.get(url, timeout=60).status_code == 404

    def workflows(self, face: str = "workflows") -> list[dict[str, Any]]:
        """What the Mistral face shows: workflows, executions or tasks."""
        answer = self.deployment.session.get(f"{self.deployment.url}/openstack/v2/{face}", timeout=60)
        assert answer.ok, answer.text
        found: list[dict[str, Any]] = answer.json()[face]
        return found


@contextmanager
def watched(folder: Path, database: str, bus: str, **settings: str) -> Iterator[Watched]:
    """A gateway without executors and conductors yet, which has the plugin of clouds that boot addresses."""
    path = installed(folder / "plugins", booting="tests.doubles.booting:BootingPlugin")
    servers = {"MCFED_DATABASE_URL": database, "MCFED_TRANSPORT_URL": bus}
    with deployed(folder, PYTHONPATH=path, **servers, **settings) as deployment:
        deployment.gateway()
        yield Watched(deployment)
