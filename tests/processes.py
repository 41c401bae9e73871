"""Real processes of the gateway, started, watched, killed."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import requests

from tests.tables import lay_tables, lay_token
from tests.waiting import until

ROOT = Path(__file__).parent.parent


def free_port() -> int:
    """A TCP port of the loopback nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Process:
    """One ``manage.py`` process; its output goes to a file."""

    def __init__(self, command: list[str], env: dict[str, str], log: Path, port: int) -> None:
        self.log, self.port = log, port
        with log.open("ab") as output:
            self._popen = subprocess.Popen(command, env=env, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT)
        self.pid = self._popen.pid

    def get(self, path: str) -> requests.Response | None:
        """An answer of the process's HTTP side; None while there is none."""
        try:
            return requests.get(f"http://127.0.0.1:{self.port}{path}", timeout=5)
        except requests.RequestException:
            return None

    def ready(self) -> bool:
        """Whether it says that it is; fails when it died."""
        assert self._popen.poll() is None, self.log.read_text()[-3000:]
        answer = self.get("/readyz")
        return answer is not None and answer.ok

    @property
    def alive(self) -> bool:
        """Whether it has not ended yet."""
        return self._popen.poll() is None

    def signal(self, number: int) -> None:
        """Send it a signal."""
        self._popen.send_signal(number)

    def kill(self) -> None:
        """kill -9."""
        self.signal(signal.SIGKILL)
        self._popen.wait()

    def stop(self, within: float = 20.0) -> int:
        """SIGTERM; the exit status."""
        if self._popen.poll() is None:
            self._popen.terminate()
            try:
                self._popen.wait(within)
            except subprocess.TimeoutExpired:
                self.kill()
                raise
        return self._popen.returncode

    def memory(self) -> int:
        """Resident memory in MiB."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") // 2**20

    def cpu(self) -> float:
        """Processor seconds used so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Deployment:
    """A gateway of several processes on one database, which has our tables unless it is to be ``empty``."""

    def __init__(self, folder: Path, *, empty: bool = False, **settings: str) -> None:
        self.folder, self.port = folder, free_port()
        own = {"MCFED_DATA": str(folder / "var"), "MCFED_PORT": str(self.port), **settings}
        self.database_url = settings.get("MCFED_DATABASE_URL", f"sqlite:///{folder}/var/mcfed.sqlite3")
        self.env = {**{k: v for k, v in os.environ.items() if not k.startswith("MCFED_")}, **own}
        self.processes: list[Process] = []
        self.session = requests.Session()
        if not empty:
            lay_tables(self.database_url)

    def manage(self, *arguments: str) -> str:
        """Run a management command to its end; what it printed."""
        command = [sys.executable, "manage.py", *arguments]
        done = subprocess.run(command, env=self.env, cwd=ROOT, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout

    def start(self, name: str, *arguments: str, wait: bool = True) -> Process:
        """Start a long-running command, and wait until it is ready."""
        port = self.port if name in ("gateway", "up") else free_port()
        extra = [] if name in ("gateway", "up") else ["--metrics-port", str(port)]
        log = self.folder / f"{name}-{len(self.processes)}.log"
        process = Process([sys.executable, "manage.py", name, *arguments, *extra], self.env, log, port)
        self.processes.append(process)
        if wait:
            until(process.ready, within=60)
        return process

    def gateway(self) -> Process:
        """Start the HTTP process and sign in as admin."""
        self.session.headers["X-Auth-Token"] = lay_token(self.database_url)
        return self.start("gateway")

    @property
    def url(self) -> str:
        """Where the HTTP process answers."""
        return f"http://127.0.0.1:{self.port}"

    def rest(self, method: str, path: str, body: Any = None) -> Any:
        """One call of our REST API; its JSON."""
        answer = self.session.request(method, f"{self.url}/api/multicloud/v1{path}", json=body, timeout=30)
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def register(self, owner: str, url: str, *, region: str = "RegionOne", **transport: Any) -> None:
        """Register a VIO VIM whose notifications come over this transport."""
        body = {"cloud_owner": owner, "cloud_region_id": region, "type": "vmware"}
        self.rest("POST", "/vims", {**body, "transport": {"url": url, **transport}})

    def subscribe(self, name: str, *sinks: dict[str, Any], filter: dict[str, Any] | None = None) -> None:
        """Create or replace a subscription."""
        body = {"name": name, "filter": filter or {}, "sinks": list(sinks)}
        known = [one["name"] for one in self.rest("GET", "/subscriptions")["subscriptions"]]
        self.rest(
            "PUT" if name in known else "POST",
            f"/subscriptions/{name}" if name in known else "/subscriptions",
            body,
        )

    def stop(self) -> None:
        """End whatever still runs, all at once."""
        for process in self.processes:
            if process.alive:
                process.signal(signal.SIGTERM)
        for process in self.processes:
            with contextlib.suppress(subprocess.TimeoutExpired, ProcessLookupError):
                process.stop()


@contextlib.contextmanager
def deployed(folder: Path, *, empty: bool = False, **settings: str) -> Iterator[Deployment]:
    """A deployment that is stopped at the end."""
    deployment = Deployment(folder, empty=empty, **settings)
    try:
        yield deployment
    finally:
        deployment.stop()
