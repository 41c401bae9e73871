"""A cloud whose instances are addresses: what is booted answers, what is killed does not.

The cloud is in the test's process and speaks HTTP; its plugin, in any process, finds it at the VIM's auth_url.
``tests.plugins`` tells gateways of the plugin.
"""

from __future__ import annotations

import json
import threading
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from uuid import uuid4

import requests

from fed_common.core import clock
from fed_common.core.errors import CloudFailed, CloudTimeout, Conflict, NotFound
from fed_common.core.instances import Host, HostState, Instance, InstanceAction, InstanceSpec, Sweep
from fed_common.core.model import Vim
from fed_common.interfaces.plugin import CloudPlugin

POWER = {"active": "running", "building": "pending"}
Move = Callable[[str], object]


def _nothing(_address: str) -> None:
    pass


class Fault(StrEnum):
    """What may happen to a call in place of what should."""

    FAILED = "failed"  # the cloud answers 500, and has done nothing
    REFUSED = "refused"  # the cloud has no room: a Conflict
    HANGS = "hangs"  # nothing is done, and no answer comes before ``release``
    LOST = "lost"  # it is done, and the connection breaks before the answer
    HELD = "held"  # it is done, and the answer comes after ``release``


@dataclass
class Booted:
    """One instance. ``address`` is shown and answers once it is active."""

    id: str
    key: str
    name: str
    image: str
    flavor: str
    address: str
    state: str = "building"


class BootingCloud:
    """``up`` and ``down`` make an address begin or cease to answer: ``restore`` and ``cut`` of Addresses.

    All of the pool ceases to answer at first. Then each is called only for an address that is the other way.

    ``instances``   by id, those that there are.
    ``asked``       how often ``create`` came for a key; ``made``: how often one was made for it.
    ``calls``       how often each verb came: create, show, act, list, probe.
    ``holding``     the verbs of calls that hang or are held now.
    ``boots_in``    seconds until a new instance is active. ``boots_to``: the state it is in then.
    """

    def __init__(self, pool: Iterable[str], up: Move = _nothing, down: Move = _nothing) -> None:
        self.url = ""
        self.instances: dict[str, Booted] = {}
        self.asked, self.made, self.calls = Counter[str](), Counter[str](), Counter[str]()
        self.holding = Counter[str]()
        self.boots_in, self.boots_to = 0.0, "active"
        self._free, self._up, self._down = deque(pool), up, down
        self._answering = set(self._free)
        self._faults: defaultdict[str, deque[Fault]] = defaultdict(deque)
        self._let_go = threading.Event()
        self._lock = threading.RLock()
        for address in self._free:
            self._switch(address, on=False)

    def fail(self, verb: str, fault: Fault = Fault.FAILED, times: int = 1) -> None:
        """So happens to the next so many calls of that verb, after those that were laid down before."""
        self._faults[verb].extend([fault] * times)

    def release(self) -> None:
        """Let go of the calls that hang or are held now."""
        self._let_go.set()
        self._let_go = threading.Event()

    def well(self) -> None:
        """No more faults."""
        self._faults.clear()
        self.release()

    def with_key(self, key: str) -> Booted | None:
        """The instance of that key."""
        return next((one for one in self.instances.values() if one.key == key), None)

    def at(self, address: str) -> Booted | None:
        """The instance that has that address."""
        return next((one for one in self.instances.values() if one.address == address), None)

    def kill(self, instance_id: str) -> None:
        """The guest dies, and the cloud does not notice."""
        self._switch(self.instances[instance_id].address, on=False)

    def revive(self, instance_id: str) -> None:
        """The guest answers again."""
        self._switch(self.instances[instance_id].address, on=True)

    def answer(self, verb: str, body: Mapping[str, Any]) -> tuple[int, Any] | None:
        """Status and JSON for a call; ``None``: the connection breaks."""
        self.calls[verb] += 1
        if verb == "create":
            self.asked[body["key"]] += 1
        waiting = self._faults[verb]
        fault = waiting.popleft() if waiting else None
        if fault in (Fault.FAILED, Fault.REFUSED):
            return (500, "out of order") if fault is Fault.FAILED else (409, "No valid host was found.")
        done = None if fault is Fault.HANGS else self._do(verb, body)
        if fault in (Fault.HANGS, Fault.HELD):
            self._hold(verb)
        return None if fault in (Fault.HANGS, Fault.LOST) else done

    def _hold(self, verb: str) -> None:
        self.holding[verb] += 1
        self._let_go.wait(120)
        self.holding[verb] -= 1

    def _do(self, verb: str, body: Mapping[str, Any]) -> tuple[int, Any]:
        with self._lock:
            match verb:
                case "create":
                    return self._create(body)
                case "show" | "act":
                    found = self.instances.get(body["id"])
                    if found is None:
                        return 404, None
                    return (200, asdict(found)) if verb == "show" else self._act(found, body["action"])
                case "list":
                    return 200, [asdict(one) for one in self.instances.values()]
                case _:
                    return 200, None

    def _create(self, body: Mapping[str, Any]) -> tuple[int, Any]:
        known = self.with_key(body["key"])
        if known:
            return 200, known.id
        if not self._free:
            return 409, "No address is left."
        words = {name: body[name] for name in ("key", "name", "image", "flavor")}
        new = Booted(id=str(uuid4()), address=self._free.popleft(), **words)
        self.made[new.key] += 1
        self.instances[new.id] = new
        if self.boots_in:
            timer = threading.Timer(self.boots_in, self._boot, (new,))
            timer.daemon = True
            timer.start()
        else:
            self._boot(new)
        return 200, new.id

    def _boot(self, one: Booted) -> None:
        with self._lock:
            if self.instances.get(one.id) is one and one.state == "building":
                one.state = self.boots_to
                if one.state == "active":
                    self._switch(one.address, on=True)

    def _act(self, one: Booted, action: str) -> tuple[int, Any]:
        if action != InstanceAction.POWER_ON:
            self._switch(one.address, on=False)
        match action:
            case InstanceAction.DELETE:
                del self.instances[one.id]
                self._free.append(one.address)
            case InstanceAction.POWER_OFF:
                one.state = "stopped"
            case _:
                one.state = "active"
                self._switch(one.address, on=True)
        return 200, None

    def _switch(self, address: str, *, on: bool) -> None:
        with self._lock:
            if on != (address in self._answering):
                (self._up if on else self._down)(address)
                (self._answering.add if on else self._answering.discard)(address)


class BootingPlugin(CloudPlugin):
    """The plugin of such a cloud."""

    name: ClassVar[str] = "booting"
    vim_types: ClassVar[frozenset[str]] = frozenset({"booting"})

    def probe_vim(self, vim: Vim, *, timeout: float) -> None:
        _ask(vim, "probe", {}, timeout)

    def list_instances(self, vim: Vim, *, since: datetime | None = None, timeout: float) -> Sweep:
        taken_at = clock.now()
        found = _ask(vim, "list", {}, timeout)
        return Sweep(tuple(map(_instance, found)), taken_at, hosts=(Host("h1", HostState.UP),))

    def create_instance(self, vim: Vim, spec: InstanceSpec, *, timeout: float) -> str:
        return str(_ask(vim, "create", asdict(spec), timeout))

    def show_instance(self, vim: Vim, instance_id: str, *, timeout: float) -> Instance:
        return _instance(_ask(vim, "show", {"id": instance_id}, timeout))

    def act(self, vim: Vim, instance_id: str, action: InstanceAction, *, timeout: float) -> None:
        _ask(vim, "act", {"id": instance_id, "action": action}, timeout)


def _instance(one: Mapping[str, Any]) -> Instance:
    state = one["state"]
    addresses = (one["address"],) if state != "building" else ()
    power = POWER.get(state, "shutdown")
    fault = "No valid host was found." if state == "error" else ""
    return Instance(one["id"], one["name"], state, power_state=power, host="h1", addresses=addresses, fault=fault)


def _ask(vim: Vim, verb: str, body: Mapping[str, Any], timeout: float) -> Any:
    vim_id = str(vim.id)
    try:
        answer = requests.post(f"{vim.auth_url.rstrip('/')}/{verb}", json=body, timeout=timeout)
    except requests.Timeout:
        raise CloudTimeout(vim_id, f"did not answer within {timeout:g} s") from None
    except requests.RequestException:
        raise CloudFailed(vim_id, "broke the connection") from None
    match answer.status_code:
        case 200:
            return answer.json()
        case 404:
            raise NotFound("instance", body["id"])
        case 409:
            raise Conflict("instance", body.get("name", ""), answer.json())
    raise CloudFailed(vim_id, f"answered {answer.status_code}: {answer.json()}")


@contextmanager
def booting(pool: Iterable[str], up: Move = _nothing, down: Move = _nothing) -> Iterator[BootingCloud]:
    """Inside, the cloud answers; every address of the pool is free at first."""
    cloud = BootingCloud(pool, up, down)
    server = _Server(("127.0.0.1", 0), _Face)
    server.cloud = cloud  # type: ignore[attr-defined]
    cloud.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield cloud
    finally:
        cloud.well()
        server.shutdown()
        server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 100

    def handle_error(self, *_: object) -> None:
        """Callers that hang up are part of the tests."""


class _Face(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"{}")
        answer = self.server.cloud.answer(self.path.rpartition("/")[2], body)  # type: ignore[attr-defined]
        if answer is None:
            return
        status, told = answer
        content = json.dumps(told).encode()
        self.send_response_only(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass
