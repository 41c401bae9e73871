"""Records what the double answers, from the real cloud of tests/services/openstack.sh.

usage: python -m tests.doubles.openstack_recording
It makes servers of its own, and deletes them afterwards.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import requests

from tests.doubles.openstack import RECORDED, SIGN_IN, place
from tests.real_openstack import PORTS, RealOpenStack
from tests.waiting import until

FIXTURE = {"a": None, "b": {"os-stop": None}, "c": {"pause": None}, "d": {"os-resetState": {"state": "error"}}}
STATES = {"a": "active", "b": "stopped", "c": "paused", "d": "error"}
NAMES = {f"vm-{letter}" for letter in "abcde"}
COMPUTE = "/compute/v2.1"
QUESTIONS = {
    "admin@admin": (
        "/identity/v3/auth/projects",
        "/identity/v3/projects?name=tenant-b",
        "/compute/",
        "/compute/v2.1/",
        f"{COMPUTE}/limits",
        f"{COMPUTE}/servers/detail?all_tenants=1&soft_deleted=1",
        f"{COMPUTE}/os-services?binary=nova-compute",
        f"{COMPUTE}/os-services?binary=nova-compute&host=fedcmp-1",
        f"{COMPUTE}/os-services?binary=nova-compute&host=nowhere",
        f"{COMPUTE}/os-hypervisors/detail",
        f"{COMPUTE}/os-quota-sets/<admin>/detail",
        f"{COMPUTE}/os-quota-sets/<tenant-b>/detail",
        "/placement/allocation_candidates?resources=VCPU%3A1%2CMEMORY_MB%3A1",
        "/image/v2/images?name=img-one&status=active",
        "/image/v2/images?name=nosuch&status=active",
        "/network/v2.0/networks?name=fednet",
        "/network/v2.0/networks?name=nosuch",
        "/network/v2.0/networks?id=nosuch",
        f"{COMPUTE}/flavors/detail?is_public=None",
        f"{COMPUTE}/servers/detail?name=%5Enosuch%24",
    ),
    "watcher@tenant-a": (
        "/compute/v2.1/",
        f"{COMPUTE}/limits",
        f"{COMPUTE}/servers/detail?all_tenants=1&soft_deleted=1",
        f"{COMPUTE}/servers/detail",
        f"{COMPUTE}/servers/detail?status=SOFT_DELETED&changes-since=1970-01-01T00%3A00%3A00Z",
        f"{COMPUTE}/os-services?binary=nova-compute",
        f"{COMPUTE}/os-quota-sets/<tenant-a>/detail",
        "/placement/allocation_candidates?resources=VCPU%3A1%2CMEMORY_MB%3A1",
    ),
    "watcher@tenant-b": (
        "/compute/v2.1/",
        f"{COMPUTE}/servers/detail",
        f"{COMPUTE}/servers/detail?status=SOFT_DELETED&changes-since=1970-01-01T00%3A00%3A00Z",
    ),
}
VERSIONS = {"compute": "2.93", "placement": "1.27"}


def questions(cloud: RealOpenStack) -> Iterator[tuple[str, str]]:
    """Who asks for what."""
    for who, paths in QUESTIONS.items():
        for path in paths:
            yield who, re.sub("<(.*?)>", lambda found: cloud.project_id(found[1]), path)


def ask(cloud: RealOpenStack, who: str, path: str) -> requests.Response:
    """The real one's answer."""
    service, rest = path.lstrip("/").split("/", 1)
    version = VERSIONS["compute"] if "hypervisors" not in rest else "2.87"
    headers = {"OpenStack-API-Version": f"{service} {VERSIONS.get(service) if service != 'compute' else version}"}
    user, project = who.split("@")
    url = f"http://127.0.0.1:{PORTS[service]}/{rest}"
    return requests.get(url, headers={**headers, "X-Auth-Token": cloud.token(user, project)}, timeout=60)


def recorded(who: str, method: str, path: str, answer: requests.Response) -> dict[str, Any]:
    """One answer, with addresses that are no machine's."""
    text = answer.text
    for service, port in PORTS.items():
        text = text.replace(f"http://127.0.0.1:{port}", place(service))
    body = json.loads(text)
    if "servers" in body:  # what others have in the cloud is left out
        body["servers"] = [one for one in body["servers"] if one["name"] in NAMES]
    return {"who": who, "method": method, "path": path, "status": answer.status_code, "body": body}


@contextmanager
def servers(cloud: RealOpenStack) -> Iterator[None]:
    """Inside there are VM a to d of two projects, and one soft-deleted."""
    ids = {name: cloud.boot(f"vm-{name}", "tenant-b" if name == "c" else "tenant-a") for name in FIXTURE}
    gone = cloud.boot("vm-e", "tenant-a")
    for one in (*ids.values(), gone):
        until(lambda one=one: cloud.state(one) == "active", within=60, every=0.3)
    for name, body in FIXTURE.items():
        if body:
            cloud.act(ids[name], body)
            until(lambda name=name: cloud.state(ids[name]) == STATES[name], within=60, every=0.3)
    cloud.delete(gone)
    until(lambda: cloud.state(gone) == "soft-delete", within=60, every=0.3)
    try:
        yield
    finally:
        for one in (*ids.values(), gone):
            cloud.act(one, {"forceDelete": None})


def main() -> None:
    cloud = RealOpenStack()
    answers = [recorded("nobody", "POST", SIGN_IN, cloud.sign_in("admin", "admin", "wrong"))]
    for who in (*QUESTIONS, "user-a@tenant-a"):
        answers.append(recorded(who, "POST", SIGN_IN, cloud.sign_in(*who.split("@"))))
    with servers(cloud):
        for who, path in questions(cloud):
            answers.append(recorded(who, "GET", path, ask(cloud, who, path)))
    RECORDED.write_text(json.dumps({"from": "Nova 26 (Zed)", "answers": answers}, indent=1) + "\n")


if __name__ == "__main__":
    main()
